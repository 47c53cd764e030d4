import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { auditEntryJson, ownEntry } from '../../links/recorder/entry.ts';
import { ADDRESS, dueEntry, EventsBench, LOG, SINCE } from './events.fixture.ts';
import { MOST_KEPT, MOST_PENDING } from './events-state.ts';

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const subjects = ({ taken }: EventsBench): readonly string[] => taken.map(({ subject }) => subject);

describe('delivering events', () => {
  test('each goes out once, with the id that it has, and what became of it is on record without the secret', async () => {
    const bench = new EventsBench();
    bench.due('k', 'one');
    bench.due('k', 'two');
    bench.log.push(dueEntry('k', 'one')); // a worker that ended before it had its mark
    await bench.settle();
    assert.deepEqual(
      bench.taken.map(({ id, source, to }) => [id, source, to]),
      [
        ['one', '/hsms/dev', ADDRESS],
        ['two', '/hsms/dev', ADDRESS],
      ],
    );
    assert.deepEqual(bench.recorded, [
      { what: 'EventDeliver', description: 'T one: https://hooks.example was taken.', detail: { events: ['one'] } },
      { what: 'EventDeliver', description: 'T two: https://hooks.example was taken.', detail: { events: ['two'] } },
    ]);
    bench.now += HOUR;
    await bench.events.close();
    bench.start();
    await bench.settle();
    assert.equal(bench.sent.length, 2);
    assert.doesNotMatch(bench.log.join() + bench.saved + bench.reports.join(), /s3cret/);
  });

  test('a receiver that is down is asked less and less often, loses nothing however long, and gets everything when it is back', async () => {
    const bench = new EventsBench();
    bench.answer = () => 'failed';
    for (let at = 0; at < 50; at++) bench.due(`k${at}`);
    await bench.pass(12 * HOUR, MINUTE);
    assert.ok(bench.sent.length < 30, `${bench.sent.length} attempts in twelve hours`);
    await bench.pass(5 * DAY, 10 * MINUTE);
    assert.deepEqual(bench.acts('GivenUp'), []);
    assert.equal(bench.acts('NotDelivered').length, bench.sent.length);
    bench.answer = () => 'taken';
    await bench.pass(2 * HOUR, MINUTE);
    assert.equal(new Set(subjects(bench)).size, 50);
    assert.equal(bench.taken.length, 50);
  });

  test('the next attempt is made when the log says', async () => {
    const bench = new EventsBench();
    bench.answer = () => 'failed';
    bench.due('k');
    await bench.settle();
    for (let attempt = 1; attempt < 6; attempt++) {
      const [, next = ''] = /Next attempt (.*)\.$/.exec(bench.acts('NotDelivered').at(-1)?.description ?? '') ?? [];
      bench.now = Date.parse(next) - 1;
      await bench.settle();
      assert.equal(bench.sent.length, attempt);
      bench.now += 5_000;
      await bench.settle();
      assert.equal(bench.sent.length, attempt + 1);
    }
  });

  test('an event on which the receiver fails for a day while it takes others gives way; others go on meanwhile', async () => {
    const bench = new EventsBench();
    bench.answer = ({ id }) => (id === 'poison' ? 'failed' : 'taken');
    bench.due('bad', 'poison');
    bench.due('bad', 'after it');
    for (let hours = 0; hours < 40; hours++) {
      bench.due(`k${hours}`);
      await bench.pass(HOUR, MINUTE);
      assert.ok(subjects(bench).includes(`k${hours}`), 'held up');
    }
    const [givenUp, ...more] = bench.acts('GivenUp');
    assert.deepEqual([givenUp?.detail, more], [{ events: ['poison'] }, []]);
    const attempts = bench.sent.filter(({ id }) => id === 'poison').map(({ at }) => at);
    assert.ok(attempts.length >= 12 && (attempts.at(-1) ?? 0) - (attempts[0] ?? 0) >= DAY);
    assert.equal(bench.taken.filter(({ id }) => id === 'after it').length, 1);
  });

  test('of many that the receiver dislikes none holds up others for longer than until the next attempt', async () => {
    const bench = new EventsBench();
    bench.answer = ({ subject }) => (subject.startsWith('bad') ? 'failed' : 'taken');
    for (let at = 0; at < 20; at++) bench.due(`bad${at}`);
    for (let hour = 0; hour < 12; hour++) {
      bench.due(`good${hour}`);
      await bench.pass(HOUR + MINUTE, 10 * MINUTE);
      assert.ok(subjects(bench).includes(`good${hour}`), `${hour}`);
    }
  });

  for (const [what, count, keys] of [
    ['that were sent once', MOST_PENDING, MOST_PENDING],
    ['of one key, more than are kept', MOST_KEPT + 50, 1],
  ] as const) {
    test(`those that the receiver dislikes and takes nothing else between end nothing: ${what}`, async () => {
      const bench = new EventsBench();
      bench.answer = ({ subject }) => (subject.startsWith('bad') ? 'failed' : 'taken');
      for (let at = 0; at < count; at++) bench.due(`bad${at % keys}`, `bad ${at}`);
      bench.due('good');
      await bench.pass(2 * DAY, HOUR);
      // Nobody begins anew because the watcher does.
      await bench.events.close();
      bench.start();
      await bench.pass(6 * DAY, HOUR);
      assert.deepEqual(subjects(bench), ['good']);
      const gone = bench.acts('GivenUp').map(({ detail }) => detail.events?.[0]);
      assert.deepEqual(
        gone,
        Array.from(gone, (_, at) => `bad ${at}`),
        'in their order',
      );
    });
  }

  test('a receiver that is down loses nothing of many keys, however many events wait', async () => {
    const bench = new EventsBench();
    bench.answer = () => 'failed';
    for (let at = 0; at < MOST_KEPT + 500; at++) bench.due(`k${at}`);
    await bench.pass(10 * DAY, HOUR);
    bench.answer = () => 'taken';
    await bench.pass(2 * HOUR, HOUR / 2);
    assert.deepEqual([bench.acts('GivenUp'), bench.taken.length], [[], MOST_KEPT + 500]);
  });

  test('nothing is sent before the log was read to its end: it may say that it was delivered', async () => {
    const bench = new EventsBench();
    bench.events.take(LOG, 0, [dueEntry('k', 'one')]);
    await bench.events.step();
    assert.equal(bench.sent.length, 0);
    bench.events.caughtUp(LOG);
    await bench.events.step();
    assert.equal(bench.sent.length, 1);
  });

  test('a log that takes no acts is asked again after five seconds, not with the next event', async () => {
    const bench = new EventsBench();
    bench.recorder = 'down';
    for (let at = 0; at < 50; at++) bench.due(`k${at}`);
    await bench.settle();
    assert.deepEqual([bench.taken.length, bench.acting], [50, 1]);
    await bench.pass(MINUTE, 1_000);
    assert.ok(bench.acting <= 13, `${bench.acting} times`);
  });

  test('what the receiver refuses is given up at once', async () => {
    const bench = new EventsBench();
    bench.answer = ({ id }) => (id === 'no' ? 'refused' : 'taken');
    bench.due('k', 'no');
    bench.due('k', 'yes');
    await bench.settle();
    assert.deepEqual(
      [bench.acts('GivenUp').map(({ detail }) => detail.events), bench.taken.map(({ id }) => id)],
      [[['no']], ['yes']],
    );
  });

  test('nothing is sent while no worker says where to, or the address is not allowed, and nothing is lost', async () => {
    const bench = new EventsBench();
    bench.due('k');
    bench.receiver = undefined;
    await bench.pass(HOUR, MINUTE);
    bench.receiver = { since: SINCE };
    await bench.pass(HOUR, MINUTE);
    bench.receiver = { since: SINCE, address: 'https://elsewhere.example/' };
    await bench.pass(HOUR, MINUTE);
    assert.equal(bench.sent.length, 0);
    bench.receiver = { since: SINCE, address: ADDRESS };
    await bench.pass(MINUTE);
    assert.deepEqual(subjects(bench), ['k']);
  });

  test('another address is spoken to at once, whatever the one before has failed on', async () => {
    const bench = new EventsBench();
    bench.answer = ({ to }) => (to === ADDRESS ? 'failed' : 'taken');
    bench.due('k');
    await bench.pass(12 * HOUR, MINUTE);
    bench.receiver = { since: SINCE, address: 'https://hooks.example/other' };
    await bench.pass(10_000);
    assert.deepEqual(subjects(bench), ['k']);
  });

  test('what was told before events were turned off is owed to nobody', async () => {
    const bench = new EventsBench();
    bench.answer = () => 'failed';
    bench.due('before');
    await bench.settle();
    bench.receiver = { since: SINCE + 60, address: ADDRESS };
    bench.log.push(dueEntry('after', 'after', SINCE + 60));
    bench.answer = () => 'taken';
    await bench.pass(HOUR, MINUTE);
    assert.deepEqual(subjects(bench), ['after']);
  });

  test('a crash after the receiver has taken it and before that is on record sends it again, under the same id', async () => {
    const bench = new EventsBench();
    bench.due('k', 'one');
    bench.recorder = 'down';
    await bench.settle();
    await bench.pass(MINUTE);
    assert.equal(bench.sent.length, 1, 'while it lives, it knows');
    bench.start();
    bench.recorder = 'works';
    await bench.pass(MINUTE);
    assert.deepEqual(
      bench.taken.map(({ id }) => id),
      ['one', 'one'],
    );
    assert.deepEqual(
      bench.acts().map(({ detail }) => detail.events),
      [['one']],
    );
  });

  test('what was delivered is known from the log alone where the state is lost', async () => {
    const bench = new EventsBench();
    const fresh = bench.saved;
    bench.due('a');
    bench.due('b');
    await bench.settle();
    bench.saved = fresh;
    bench.start();
    await bench.settle();
    assert.equal(bench.sent.length, 2);
  });

  test('a log that takes few acts has many events in one, and a flood is read no faster than it goes out', async () => {
    const bench = new EventsBench();
    const count = MOST_PENDING + 500;
    for (let at = 0; at < count; at++) bench.due(`k${at}`);
    bench.recorder = 'down';
    bench.receiver = undefined;
    await bench.pass(MINUTE);
    assert.ok(bench.events.isFull(LOG) && bench.events.next(LOG) < count);
    bench.receiver = { since: SINCE, address: ADDRESS };
    await bench.pass(MINUTE);
    assert.equal(bench.sent.length, 100, 'no more than can be put on record at once');
    bench.recorder = 'works';
    await bench.pass(MINUTE);
    assert.equal(bench.acts()[0]?.detail.events?.length, 100);
    assert.match(bench.acts()[0]?.description ?? '', /^100 events: https:\/\/hooks\.example was taken\.$/);
    assert.deepEqual([bench.taken.length, new Set(subjects(bench)).size], [count, count]);
  });

  test('entries of others that say the same are not taken for events, nor what does not read', async () => {
    const bench = new EventsBench();
    const own = { category: 'AuditEvent' } as const;
    const event = { id: 'x', type: 'T', subject: 'x', time: '2026-11-28T00:00:00.000Z', data: {} };
    for (const [operationName, detail] of [
      ['KeyCreate', { event, since: SINCE }],
      ['EventDue', { event: { ...event, data: 'x' }, since: SINCE }],
      ['EventDue', { event: { ...event, source: '/hsms/other' }, since: SINCE }],
      ['EventDue', { event: { ...event, type: 'x\r\ny' }, since: SINCE }],
      ['EventDue', { event: { ...event, data: { long: 'x'.repeat(20_000) } }, since: SINCE }],
      ['EventDue', { event }],
      ['EventDue', {}],
    ] as const) {
      bench.log.push(Buffer.from(auditEntryJson(ownEntry({ ...own, operationName, properties: { detail } }))));
    }
    const quoted = { resultDescription: '"operationName":"EventDue"', requestUri: '{"operationName":"EventDue"' };
    bench.log.push(Buffer.from(auditEntryJson(ownEntry({ ...own, operationName: 'KeyGet', ...quoted }))));
    bench.log.push(Buffer.from('{"operationName":"EventDue"'));
    bench.due('good');
    await bench.settle();
    assert.deepEqual(subjects(bench), ['good']);
  });

  test('an entry says of no more events than one act does that they are over: looking for many would hold up all', async () => {
    const bench = new EventsBench();
    bench.receiver = { since: SINCE };
    bench.due('k', 'one');
    const over = (count: number): Buffer => {
      const events = ['one', ...Array.from({ length: count - 1 }, () => 'z')];
      const entry = { operationName: 'EventDeliver', properties: { detail: { events } } };
      return Buffer.from(auditEntryJson(ownEntry({ category: 'AuditEvent', ...entry })));
    };
    bench.log.push(over(3_800), over(101));
    await bench.settle();
    await bench.events.close();
    assert.match(bench.saved, /"id":"one"/);
    bench.log.push(over(100));
    await bench.settle();
    await bench.events.close();
    assert.doesNotMatch(bench.saved, /"id":"one"/);
  });

  test('a log that is another is read from its beginning', async () => {
    const bench = new EventsBench();
    bench.due('a');
    await bench.settle();
    const other = [dueEntry('b', 'b')];
    assert.equal(
      bench.events.isSame(LOG, (index) => bench.log[index]),
      true,
    );
    assert.equal(
      bench.events.isSame(LOG, (index) => other[index]),
      false,
    );
    assert.equal(bench.events.next(LOG), 0);
  });
});
