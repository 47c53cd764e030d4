import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import fc from 'fast-check';
import { newState, parseAlertState } from './alert-state.ts';
import { alertsIn, Bench, callerIdentity, entry, HOUR, LOG, rule, START } from './alerts.fixture.ts';
import { readRules } from './rules.ts';

const MINUTE = 60_000;
const PURGES = rule({ by: ['entry.scope'] });

test('an entry for which a rule holds is told once, in one message, and both are on record', async () => {
  const bench = new Bench([PURGES]);
  bench.alerts.take(LOG, 0, [
    entry(START, { scope: '/keys/a', operationName: 'KeyGet' }),
    entry(START, { scope: '/keys/a' }),
  ]);
  await bench.settle();
  const [message, ...more] = bench.taken;
  assert.ok(message !== undefined && more.length === 0);
  const event = JSON.parse(message.event) as Record<string, unknown>;
  const { id, source, type, subject } = event;
  assert.deepEqual([id, source, type, subject], [message.id, '/hsms/dev', 'Strongroom.Alert', 'it']);
  const [alert] = alertsIn(bench.taken);
  const [fired] = bench.acts('AlertFired');
  // The command shows this entry, whatever came at the same moment; and which machine's it is.
  assert.match(message.text, /audit show --hsm-name dev --index 1 --json$/m);
  assert.match(message.text, new RegExp(`^Host: ${RegExp.escape(hostname())}$`, 'm'));
  assert.ok(message.subject.endsWith(`: dev at ${hostname()}`));
  assert.deepEqual([fired?.detail.alert, fired?.detail.index], [alert?.Id, 1]);
  assert.deepEqual(bench.acts('AlertDelivered')[0]?.detail.alerts, [alert?.Id]);
  assert.deepEqual(
    bench.recorded.map(({ instance }) => instance),
    ['dev', 'dev'],
  );
});

test('a message says who got which role, and to whom the network was opened', async () => {
  const bench = new Bench(readRules());
  const [properties, opened] = [
    { detail: { administrative: true, roleName: 'Managed HSM Administrator', principalId: 'p-1', scope: '/' } },
    {
      detail: {
        opens: true,
        rangesAdded: ['192.0.2.0/24'],
        changes: { defaultAction: { before: 'Deny', after: 'Allow' } },
      },
    },
  ];
  bench.alerts.take(LOG, 0, [
    entry(START, { operationName: 'RoleAssignmentCreate', properties }),
    entry(START, { operationName: 'NetworkRulesChanged', properties: opened }),
  ]);
  await bench.settle();
  const [role = '', network = ''] = bench.taken.map(({ text }) => text);
  assert.match(role, /role Managed HSM Administrator, of p-1$/m);
  assert.match(network, /opened to 192\.0\.2\.0\/24, default action Allow$/m);
});

test('the same is told once in its window, and then how often it was', async () => {
  const bench = new Bench([PURGES]);
  const at = [0, 5, 59, 60, 61].map((minutes) => entry(START + minutes * MINUTE, { scope: '/keys/a' }));
  bench.alerts.take(LOG, 0, [...at, entry(START + 5 * MINUTE, { scope: '/keys/b' })]);
  await bench.settle();
  assert.deepEqual(
    alertsIn(bench.taken).map(({ Time, More }) => [Time.slice(11, 16), More]),
    [
      ['00:00', 0],
      ['01:00', 2],
      ['00:05', 0],
    ],
  );
});

test('what is judged again after a crash is the same, and what was told is not told again', async () => {
  const bench = new Bench([PURGES]);
  const entries = [entry(START, { scope: '/keys/a' }), entry(START + 1, { scope: '/keys/b' })];
  bench.alerts.take(LOG, 0, entries.slice(0, 1));
  await bench.settle();
  bench.start();
  assert.equal(bench.alerts.next(LOG), 1);
  bench.alerts.take(LOG, 0, entries);
  await bench.settle();
  assert.deepEqual(bench.taken.length, 2);
  assert.equal(new Set(alertsIn(bench.taken).map(({ Id }) => Id)).size, 2);
});

test('an outage of days loses nothing; what has gathered is told together, by rule', async () => {
  const bench = new Bench([PURGES, rule({ operations: ['RestoreCreate'], by: ['entry.correlationId'] }, 'restores')]);
  bench.answer = () => 'failed';
  let index = 0;
  for (let hour = 0; hour < 72; hour++) {
    bench.now = START + hour * HOUR;
    const scope = `/keys/k${hour}`;
    bench.alerts.take(LOG, index, [entry(bench.now, { scope }), entry(bench.now, { operationName: 'RestoreCreate' })]);
    index += 2;
    await bench.settle();
    if (hour === 40) bench.start();
  }
  assert.equal(bench.taken.length, 0);
  bench.answer = () => 'taken';
  for (let hour = 72; hour < 100; hour++) {
    bench.now = START + hour * HOUR;
    await bench.settle();
  }
  const told = alertsIn(bench.taken).map(({ Id }) => Id);
  assert.equal(told.length, 144);
  assert.equal(new Set(told).size, 144, 'each once');
  assert.ok(bench.taken.length < 60, `in ${bench.taken.length} messages`);
  assert.equal(bench.acts('AlertGivenUp').length, 0);
  assert.deepEqual(new Set(bench.acts('AlertDelivered').flatMap(({ detail }) => detail.alerts ?? [])), new Set(told));
});

test('an outlet that fails says since when, why and when the next try is, over a restart too, until it takes something', async () => {
  const bench = new Bench([PURGES]);
  bench.answer = () => 'failed';
  bench.alerts.take(LOG, 0, [entry(START, { scope: '/keys/a' }), entry(START, { scope: '/keys/b' })]);
  await bench.settle();
  const [first = assert.fail()] = bench.alerts.status();
  assert.deepEqual([first.waiting, first.taken, first.failing?.since], [2, 0, '2026-11-28T00:00:00.000Z']);
  assert.equal(first.failing?.lastFailure.why, 'https://hooks.example.com was failed');
  assert.equal(first.failing?.next, '2026-11-28T00:00:10.000Z');
  bench.start();
  bench.now += 30_000;
  await bench.settle();
  const [later = assert.fail()] = bench.alerts.status();
  assert.deepEqual(
    [later.failing?.since, later.failing?.seconds, later.failing?.lastFailure.at],
    ['2026-11-28T00:00:00.000Z', 30, '2026-11-28T00:00:30.000Z'],
  );
  bench.answer = () => 'taken';
  bench.now += HOUR;
  await bench.settle();
  assert.deepEqual(bench.alerts.status(), [{ outlet: 'hook', waiting: 0, taken: 1 }]);
});

test('an outlet that refuses what it is sent fails too, until it takes something', async () => {
  const bench = new Bench([PURGES]);
  bench.answer = () => 'refused';
  bench.alerts.take(LOG, 0, [entry(START, { scope: '/keys/a' })]);
  await bench.settle();
  bench.now += 10_000;
  bench.alerts.take(LOG, 1, [entry(bench.now, { scope: '/keys/b' })]);
  await bench.settle();
  const [status = assert.fail()] = bench.alerts.status();
  assert.deepEqual([status.waiting, status.taken, status.failing?.seconds], [0, 0, 10]);
  assert.equal(status.failing?.lastFailure.why, 'https://hooks.example.com was refused');
  bench.answer = () => 'taken';
  bench.alerts.take(LOG, 2, [entry(bench.now, { scope: '/keys/c' })]);
  await bench.settle();
  assert.deepEqual(bench.alerts.status(), [{ outlet: 'hook', waiting: 0, taken: 1 }]);
});

test('one that the receiver alone dislikes is given up after a day; others do not wait for it for longer', async () => {
  const bench = new Bench([PURGES]);
  bench.answer = ({ event }) => (event.includes('/keys/bad') ? 'failed' : 'taken');
  bench.alerts.take(LOG, 0, [entry(START, { scope: '/keys/bad' })]);
  await bench.settle();
  for (let hour = 1; hour < 40; hour++) {
    bench.now = START + hour * HOUR;
    if (hour === 2) bench.alerts.take(LOG, 1, [entry(bench.now, { scope: '/keys/good' })]);
    await bench.settle();
  }
  const [good, ...others] = alertsIn(bench.taken);
  assert.ok(good?.What.includes('/keys/good') && others.length === 0);
  assert.equal(bench.acts('AlertGivenUp').length, 1);
  assert.equal(bench.acts('AlertGivenUp')[0]?.failure, 'GivenUp');
});

test('what the receiver will never take is given up at once, on record', async () => {
  const bench = new Bench([PURGES]);
  bench.answer = () => 'refused';
  bench.alerts.take(LOG, 0, [entry(START, { scope: '/keys/a' })]);
  await bench.settle();
  assert.deepEqual([bench.sent.length, bench.acts('AlertGivenUp').length], [1, 1]);
});

test('no more messages go out in an hour than there may; what is over goes together', async () => {
  const bench = new Bench([PURGES], { mostPerHour: 2 });
  for (let i = 0; i < 10; i++) {
    bench.alerts.take(LOG, i, [entry(START + i, { scope: `/keys/k${i}` })]);
    await bench.settle();
  }
  assert.equal(bench.taken.length, 2);
  bench.now += HOUR;
  await bench.settle();
  assert.deepEqual(
    bench.taken.map((message) => alertsIn([message]).length),
    [1, 1, 8],
  );
});

test('a flood of different ones is cut: twenty in an hour, and one that says that there are more', async () => {
  const bench = new Bench([PURGES]);
  const flood = Array.from({ length: 500 }, (_, i) => entry(START + i, { scope: `/keys/k${i}` }));
  bench.alerts.take(LOG, 0, flood);
  await bench.settle();
  const told = alertsIn(bench.taken);
  assert.equal(told.length, 21);
  assert.match(told.at(-1)?.What ?? '', /There are more of this kind/);
  bench.alerts.take(LOG, 500, [entry(START + 2 * HOUR, { scope: '/keys/later' })]);
  await bench.settle();
  assert.match(alertsIn(bench.taken).at(-1)?.What ?? '', /\/keys\/later$/);
});

test('many within a time are one alert', async () => {
  const probing = rule({ kind: 'count', when: 'entry.decision == "deny"', by: ['caller'], least: 5, within: 60 });
  const bench = new Bench([probing]);
  const [one, two] = ['aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000002'].map(
    callerIdentity,
  );
  const denied = (seconds: number, identity = one): Buffer =>
    entry(START + seconds * 1000, { decision: 'deny', identity });
  bench.alerts.take(
    LOG,
    0,
    [0, 20, 40, 60, 80, 100].map((seconds) => denied(seconds)),
  );
  bench.alerts.take(LOG, 6, [denied(100, two), denied(101, two), denied(102, two), denied(103, two)]);
  await bench.settle();
  assert.equal(bench.taken.length, 0, 'never five within the minute');
  bench.alerts.take(LOG, 10, [denied(104, two)]);
  await bench.settle();
  const [told] = alertsIn(bench.taken);
  assert.match(told?.What ?? '', /5 within 60 s.*aaaaaaaa-0000-4000-8000-000000000002/);
});

test('an hour is unusual by what was usual, and the alert says so; a nightly run is usual', async () => {
  const volume = rule({ kind: 'volume', operations: ['Key*'], when: 'true', by: ['caller'], least: 50 });
  const bench = new Bench([volume]);
  let index = 0;
  const take = (hour: number, count: number): void => {
    const entries = Array.from({ length: count }, (_, i) =>
      entry(START + hour * HOUR + i, { operationName: 'KeySign' }),
    );
    bench.alerts.take(LOG, index, entries);
    index += count;
  };
  for (let hour = 0; hour < 7 * 24; hour++) take(hour, hour % 24 === 2 ? 200 : 10);
  await bench.settle();
  const learnt = bench.taken.length;
  for (let hour = 7 * 24; hour < 8 * 24; hour++) take(hour, hour % 24 === 2 ? 220 : 10);
  await bench.settle();
  assert.equal(bench.taken.length, learnt, 'the nightly run is usual by then');
  take(8 * 24, 399);
  await bench.settle();
  assert.equal(bench.taken.length, learnt);
  take(8 * 24, 200);
  await bench.settle();
  assert.match(
    alertsIn(bench.taken).at(-1)?.What ?? '',
    /400 requests in the hour .* the third busiest had 200; an hour is unusual from 400 on/,
  );
  assert.equal(bench.taken.length, learnt + 1, 'once in the hour');
});

test('a state is told when it begins, and again when it begins again', async () => {
  const down = rule({ kind: 'state', operations: undefined, when: 'state.recorder == false' });
  const bench = new Bench([down]);
  const observe = async (recorder: boolean): Promise<void> => {
    bench.alerts.observe('dev', { recorder });
    await bench.settle();
    bench.now += 2 * HOUR;
  };
  for (const recorder of [true, false, false]) await observe(recorder);
  bench.start();
  for (const recorder of [false, true, false]) await observe(recorder);
  assert.equal(bench.taken.length, 2);
  assert.deepEqual(
    bench.acts('AlertFired').map(({ detail }) => detail.rule),
    ['it', 'it'],
  );
});

test('of what the supervisor says of an instance and its processes, what is wrong is told', async () => {
  const share = { ready: 2, wanted: 2 };
  const well = { activation: 'Active', storeRefused: false, workers: share, modules: share };
  const serving = { ...well, recorder: true, recording: true };
  const bench = new Bench(readRules());
  const processes = { control: true, managementRecorder: true };
  const told = async (subject: string, state: object): Promise<readonly (string | undefined)[]> => {
    bench.alerts.observe(subject, { ...state });
    await bench.settle();
    assert.equal(bench.acts('AlertFired').length, 0, 'not at once: it may start, or stop');
    bench.now += MINUTE;
    bench.alerts.observe(subject, { ...state });
    await bench.settle();
    return bench.recorded.splice(0).flatMap(({ what, detail }) => (what === 'AlertFired' ? [detail.rule] : []));
  };
  assert.deepEqual(await told('dev', serving), []);
  assert.deepEqual(await told('', processes), []);
  assert.deepEqual(await told('dev', { ...serving, recording: false }), ['recorder-down']);
  assert.deepEqual(await told('dev', { ...serving, activation: 'Failed', recorder: false }), ['instance-down']);
  assert.deepEqual(await told('', { ...processes, managementRecorder: false }), ['management-log-down']);
  for (const activation of ['Stopped', 'Locked', 'NotActivated', 'Unknown']) {
    assert.deepEqual(await told('other', { ...serving, activation, recorder: false }), []);
  }
});

test('a silence is on record before it holds, ends by the clock, and what it kept quiet is on record', async () => {
  const bench = new Bench([PURGES]);
  const silence = { rule: 'it', until: START + HOUR, reason: 'a drill', by: 'ada' };
  bench.recorder = 'down';
  bench.alerts.silence('s1', silence);
  await bench.settle();
  bench.alerts.take(LOG, 0, [entry(START, { scope: '/keys/before' })]);
  await bench.settle();
  assert.equal(bench.taken.splice(0).length, 1, 'it is not on record yet');
  bench.recorder = 'works';
  bench.now += MINUTE;
  await bench.settle();
  assert.equal(bench.recorded.splice(0)[0]?.what, 'AlertSilenced');
  bench.alerts.take(LOG, 1, [entry(START, { scope: '/keys/a' })]);
  await bench.settle();
  assert.equal(bench.taken.length, 0);
  assert.deepEqual(
    bench.recorded.map(({ what, instance }) => [what, instance]),
    [['AlertFired', 'dev']],
  );
  assert.match(bench.recorded[0]?.description ?? '', /Not told until 2026-11-28T01:00:00.000Z: a drill/);
  bench.start();
  bench.alerts.silence('s1', silence);
  bench.now = START + HOUR;
  bench.alerts.take(LOG, 2, [entry(bench.now, { scope: '/keys/b' })]);
  await bench.settle();
  assert.deepEqual([bench.taken.length, bench.acts('AlertSilenced').length], [1, 0]);
});

test('a log that cannot be written holds up no alert, and what was to be on record follows', async () => {
  const bench = new Bench([PURGES]);
  bench.recorder = 'down';
  bench.alerts.take(LOG, 0, [entry(START, { scope: '/keys/a' })]);
  await bench.settle();
  assert.deepEqual([bench.taken.length, bench.recorded.length], [1, 0]);
  bench.recorder = 'works';
  bench.start();
  await bench.settle();
  assert.deepEqual(
    bench.recorded.map(({ what }) => what),
    ['AlertFired', 'AlertDelivered'],
  );
});

test('a full disk holds up no alert either', async () => {
  const bench = new Bench([PURGES]);
  bench.disk = 'full';
  bench.alerts.take(LOG, 0, [entry(START, { scope: '/keys/a' })]);
  await bench.settle();
  assert.equal(bench.taken.length, 1);
  assert.match(bench.reports[0] ?? '', /ENOSPC/);
});

test('what happened long before alerts were turned on is not told, nor what is no entry', async () => {
  const bench = new Bench([PURGES]);
  bench.alerts.take(LOG, 0, [
    entry(START - 25 * HOUR, { scope: '/keys/old' }),
    Buffer.from('no entry'),
    Buffer.from('[]'),
    Buffer.from('{"operationName":"KeyPurge"}'),
    entry(START - 23 * HOUR, { scope: '/keys/new' }),
  ]);
  await bench.settle();
  assert.deepEqual(
    alertsIn(bench.taken).map(({ What }) => What.includes('/keys/new')),
    [true],
  );
});

test('a log that is another than was judged is told, and judged from its beginning', async () => {
  const bench = new Bench([PURGES, ...readRules().filter(({ name }) => name === 'log-replaced')]);
  const logOf = (scope: string, length: number): Buffer[] =>
    Array.from({ length }, (_, i) => entry(START + i, i < 5 ? { operationName: 'KeyGet' } : { scope }));
  const [judged, put] = [logOf('/keys/a', 10), logOf('/keys/b', 12)];
  bench.alerts.take(LOG, 0, judged);
  await bench.settle();
  bench.start();
  assert.ok(bench.alerts.isSame(LOG, (index) => judged[index]));
  assert.ok(!bench.alerts.isSame(LOG, (index) => put[index]));
  assert.equal(bench.alerts.next(LOG), 0);
  bench.alerts.take(LOG, 0, put);
  await bench.settle();
  assert.ok(
    bench.alerts.isSame(LOG, (index) => put[index]),
    'from now on it is the one',
  );
  bench.now += MINUTE;
  assert.ok(!bench.alerts.isSame(LOG, (index) => put.slice(0, 7)[index]), 'nor is one that is shorter');
  await bench.settle();
  assert.deepEqual(
    alertsIn(bench.taken).map(({ What }) => /entry \d+|\/keys\/\w/.exec(What)?.[0]),
    ['/keys/a', 'entry 9', '/keys/b', 'entry 11'],
  );
});

test('whatever time an entry or the clock tells, what is kept reads again', async () => {
  const bench = new Bench([
    rule({ kind: 'count', least: 3, within: 60 }, 'count'),
    rule({ kind: 'volume', least: 3, by: ['caller'] }, 'volume'),
    PURGES,
  ]);
  for (const [index, time] of [
    '1969-12-31T00:00:00.000Z',
    '+010000-01-01T00:00:00.000Z',
    '-000001-01-01T00:00:00.000Z',
  ].entries()) {
    bench.alerts.take(LOG, index, [Buffer.from(JSON.stringify({ time, operationName: 'KeyPurge' }))]);
  }
  await bench.alerts.close();
  bench.start();
  assert.equal(bench.alerts.next(LOG), 3);
  parseAlertState(JSON.stringify(newState(5000)));
});

test('while nothing can be put on record, so many acts wait that what is kept reads again', async () => {
  const bench = new Bench([PURGES], { mostPerHour: 0 });
  bench.recorder = 'down';
  const state = parseAlertState(bench.saved ?? '');
  const act = { instance: 'dev', act: { what: 'AlertFired', description: 'x', detail: {} } } as const;
  bench.saved = JSON.stringify({ ...state, acts: Array<typeof act>(9_999).fill(act) });
  bench.start();
  bench.alerts.take(
    LOG,
    0,
    ['a', 'b', 'c'].map((key) => entry(START, { scope: `/keys/${key}` })),
  );
  await bench.alerts.close();
  assert.equal(parseAlertState(bench.saved).acts.length, 10_000);
  assert.deepEqual(bench.reports, ['more than 10000 acts wait to be put on record: others are not']);
});

test('a clock that was a year ahead when a receiver failed, or when alerts were turned on, keeps nothing quiet', async () => {
  const YEAR = 365 * 24 * HOUR;
  const bench = new Bench([PURGES], { mostPerHour: 2 });
  bench.saved = JSON.stringify(newState(START + YEAR));
  [bench.now, bench.ahead] = [START + YEAR, YEAR];
  bench.start();
  bench.answer = () => 'failed';
  bench.recorder = 'down';
  bench.alerts.take(LOG, 0, [entry(bench.now, { scope: '/keys/a' }), entry(bench.now, { scope: '/keys/b' })]);
  await bench.settle();
  [bench.now, bench.ahead] = [START + MINUTE, 0];
  bench.answer = () => 'taken';
  bench.recorder = 'works';
  await bench.settle();
  assert.deepEqual([alertsIn(bench.taken).length, bench.acts('AlertFired').length], [2, 2]);
  bench.start();
  bench.alerts.take(LOG, 2, [entry(bench.now, { scope: '/keys/c' })]);
  await bench.settle();
  assert.equal(alertsIn(bench.taken).length, 3);
});

test('one entry of a far year does not end that unusual hours are noticed', async () => {
  const bench = new Bench([rule({ kind: 'volume', least: 10, by: ['caller'] })]);
  let index = 0;
  const take = (hour: number, count: number): void => {
    for (let i = 0; i < count; i++) bench.alerts.take(LOG, index++, [entry(START + hour * HOUR + i)]);
  };
  take(365 * 24, 1);
  for (let hour = 0; hour < 48; hour++) take(hour, 2);
  take(48, 500);
  await bench.settle();
  assert.equal(bench.taken.length, 1);
});

test('a silence for longer than 30 days is not taken, wherever it comes from', async () => {
  const bench = new Bench([PURGES]);
  bench.alerts.silence('s1', { rule: 'it', until: START + 31 * 24 * HOUR, reason: 'for ever', by: 'ada' });
  bench.alerts.take(LOG, 0, [entry(START, { scope: '/keys/a' })]);
  await bench.settle();
  assert.deepEqual([bench.acts('AlertSilenced').length, bench.taken.length], [0, 1]);
});

test('property: whatever fails and whenever it crashes, each alert is told at least once, and always under the same id', async () => {
  const event = fc.record({
    keys: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 4 }),
    answer: fc.constantFrom('taken', 'failed', 'failed' as const),
    recorder: fc.constantFrom('works', 'down' as const),
    disk: fc.constantFrom('works', 'works', 'full' as const),
    crash: fc.boolean(),
    minutes: fc.integer({ min: 0, max: 2000 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 25 }), async (events) => {
      const bench = new Bench([PURGES]);
      const log: Buffer[] = [];
      for (const { keys, answer, recorder, disk, crash, minutes } of events) {
        bench.now += minutes * MINUTE;
        [bench.recorder, bench.disk] = [recorder as 'works', disk as 'works'];
        bench.answer = () => answer as 'taken';
        const at = bench.now;
        log.push(...keys.map((key, i) => entry(at + i, { scope: `/keys/k${key}` })));
        // As a follower does: from where it stood on.
        bench.alerts.take(LOG, bench.alerts.next(LOG), log.slice(bench.alerts.next(LOG)));
        await bench.alerts.step();
        if (crash) bench.start();
      }
      [bench.recorder, bench.disk] = ['works', 'works'];
      bench.answer = () => 'taken';
      for (let hour = 0; hour < 5; hour++) {
        bench.now += HOUR;
        bench.alerts.take(LOG, bench.alerts.next(LOG), log.slice(bench.alerts.next(LOG)));
        await bench.settle();
      }
      const undisturbed = new Bench([PURGES]);
      undisturbed.alerts.take(LOG, 0, log);
      await undisturbed.settle();
      const wanted = alertsIn(undisturbed.taken).map(({ Id, Time, What, More }) =>
        JSON.stringify([Id, Time, What, More]),
      );
      const told = alertsIn(bench.taken).map(({ Id, Time, What, More }) => JSON.stringify([Id, Time, What, More]));
      assert.deepEqual(new Set(told), new Set(wanted));
      assert.deepEqual(
        new Set(bench.acts('AlertFired').map(({ detail }) => detail.alert)),
        new Set(wanted.map((each) => (JSON.parse(each) as string[])[0])),
      );
      const byId = new Map<string, string>();
      for (const { id, event: text } of bench.sent) {
        assert.equal(byId.get(id) ?? text, text, 'a message is the same whenever it is sent');
        byId.set(id, text);
      }
    }),
    { numRuns: 60 },
  );
});

test('of a test each message is sent once and at once, also to a receiver that has just failed', async () => {
  const bench = new Bench([rule({}, 'a'), rule({ operations: ['KeyGet'] }, 'b')]);
  bench.isTest = true;
  bench.start();
  bench.answer = () => 'failed';
  bench.alerts.take(LOG, 0, [entry(START), entry(START, { operationName: 'KeyGet' })]);
  await bench.settle();
  assert.equal(bench.sent.length, 2);
  assert.equal(bench.acts('AlertGivenUp').length, 2);
});
