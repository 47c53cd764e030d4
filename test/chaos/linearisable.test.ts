// What clients of several workers are told about keys and rights fits one order, in which each operation is done at one moment between its
// request and its answer; and the checker that says so refuses histories of which it is not true.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startProduct } from '../support/running-product.ts';
import { skipUnless } from '../system-programs.ts';
import { Callers } from './callers.ts';
import { insideFlags } from './fault-control.ts';
import { type Event, History, type Model } from './history.ts';
import { forbidden, judge, judgeFailures, judgeOrder } from './judge.ts';
import { randomFrom } from './random.ts';
import { prepareLoad, readAll, startLoad } from './workload.ts';

const skip = skipUnless('checker of histories');
const WORKERS = 3;
const ACKNOWLEDGED = 3_000;

test('keys and rights are as if there were one worker', { skip }, async (context) => {
  const seed = randomInt(2 ** 32);
  const random = randomFrom(seed);
  const history = new History();
  await using product = await startProduct({ inside: { flags: insideFlags(WORKERS * 2), variables: {} } });
  assert.equal(product.state.pids.instances['dev']?.service.length, WORKERS);
  const callers = new Callers(product, history);
  await callers.renewTokens();
  const prepared = await prepareLoad(callers, random.branch());
  const load = startLoad(callers, random.branch(), { pause: 0, prepared });
  while (history.changes + history.operations < ACKNOWLEDGED) await delay(5);
  await load.stop();
  await readAll(callers, random.branch());
  assert.equal(await product.stop(), 0, product.output);
  context.diagnostic(
    `seed ${seed}: ${history.changes} changes, ${history.operations} operations, ${history.objects.length} histories`,
  );
  assert.deepEqual(await judge(history, product.data), []);
});

/** `[do, call, return, rest]`; without a return nobody knows. */
type Told = readonly [done: string, call: number, end: number | undefined, rest?: Partial<Event>];

function events(told: readonly Told[]): Event[] {
  return told.map(([done, call, end, rest], client) => ({
    ...{ client, call, do: done },
    ...(end === undefined ? {} : { return: end, answer: 'done' }),
    ...rest,
  }));
}

const one = '1'.repeat(32);
const two = '2'.repeat(32);
const made: Told = ['create', 0, 1, { version: one }];
const disabled: Told = ['update', 2, 3, { version: one, enabled: false }];
const assigned: Told = ['assign', 0, 1, { name: 'a' }];

const possible: Readonly<Record<string, readonly [Model, ...Told[]]>> = {
  'used while it is being disabled': [
    'key',
    made,
    ['update', 2, 9, { version: one, enabled: false }],
    ['sign', 3, 4, { version: one }],
  ],
  'made, and nobody was told': ['key', ['create', 0, undefined], ['get', 2, 3, { version: one, enabled: true }]],
  'not made, and nobody was told': ['key', ['create', 0, undefined], ['get', 2, 3, { answer: 'not found' }]],
  'deleted late, and nobody was told': [
    'key',
    made,
    ['delete', 2, undefined],
    ['sign', 3, 4, { version: one }],
    ['get', 5, 6, { answer: 'not found' }],
  ],
  'used while the right is being taken away': ['rights', assigned, ['revoke', 2, 9, { name: 'a' }], ['use', 3, 4]],
};

const impossible: Readonly<Record<string, readonly [Model, ...Told[]]>> = {
  'lost after it was made': ['key', made, ['get', 2, 3, { answer: 'not found' }]],
  'used after it was disabled': ['key', made, disabled, ['sign', 4, 5, { version: one }]],
  'shown as enabled after it was disabled': ['key', made, disabled, ['get', 4, 5, { version: one, enabled: true }]],
  'used after it was deleted': ['key', made, ['delete', 2, 3], ['sign', 4, 5, { version: one }]],
  'used by an older version': ['key', made, ['create', 2, 3, { version: two }], ['sign', 4, 5, { version: one }]],
  'back after it was purged': ['key', made, ['delete', 2, 3], ['purge', 4, 5], ['recover', 6, 7]],
  'made twice by one request': ['key', made, ['versions', 2, 3, { all: [one, two] }]],
  'purged twice': ['key', made, ['delete', 2, 3], ['purge', 4, 5], ['purge', 6, 7]],
  'seen, and then not': [
    'key',
    ['create', 0, undefined],
    ['get', 2, 3, { version: one, enabled: true }],
    ['get', 4, 5, { answer: 'not found' }],
  ],
  'used after the right was taken away': ['rights', assigned, ['revoke', 2, 3, { name: 'a' }], ['use', 4, 5]],
  'refused while the right is there': ['rights', assigned, ['use', 2, 3, { answer: 'denied' }]],
  'refused for another reason than that there is no right': ['rights', ['use', 2, 3, { answer: 'not found' }]],
  'not shown for another reason than that it is not there': ['rights', ['look', 2, 3, { name: 'a', answer: 'denied' }]],
  'given, and lost': ['rights', assigned, ['look', 2, 3, { name: 'a', answer: 'not found' }]],
};

test('the checker takes what can be and refuses what cannot', { skip }, async () => {
  for (const [name, [model, ...told]] of Object.entries(possible)) {
    assert.deepEqual(await judgeOrder([{ object: name, model, events: events(told) }]), [], name);
  }
  for (const [name, [model, ...told]] of Object.entries(impossible)) {
    const [finding = ''] = await judgeOrder([{ object: name, model, events: events(told) }]);
    assert.match(finding, /no order explains these answers/, name);
  }
});

test('a use after a disable or delete is found without the checker too', () => {
  const told = (...more: Told[]) => forbidden({ object: 'k', model: 'key', events: events([made, disabled, ...more]) });
  assert.equal(told(['sign', 4, 5, { version: one }]).length, 1);
  assert.equal(told(['sign', 2, 5, { version: one }]).length, 0, 'they were under way together');
  assert.equal(
    told(['update', 3, undefined, { enabled: true }], ['sign', 4, 5, { version: one }]).length,
    0,
    'it may be enabled again',
  );
});

test('so is a use after the last assignment was removed', () => {
  const told = (...more: Told[]) => forbidden({ object: 'k', model: 'rights', events: events([assigned, ...more]) });
  const removed: Told = ['revoke', 2, 3, { name: 'a' }];
  assert.equal(told(removed, ['use', 4, 5]).length, 1);
  assert.equal(forbidden({ object: 'k', model: 'rights', events: events([['use', 4, 5]]) }).length, 1, 'never given');
  assert.equal(told(['use', 4, 5]).length, 0, 'it is there');
  assert.equal(told(removed, ['use', 2, 5]).length, 0, 'they were under way together');
  assert.equal(told(removed, ['assign', 3, undefined, { name: 'b' }], ['use', 4, 5]).length, 0, 'another may be there');
  assert.equal(told(removed, ['assign', 4, 6, { name: 'a' }], ['use', 4, 5]).length, 0, 'it may be there again');
});

test('a repeatable operation that fails is excused by what went wrong meanwhile, and by that alone', () => {
  const failure = { what: 'sign', call: 10, end: 20, how: '503', text: '' };
  const trouble = { number: 1, kind: 'recorder killed', what: '', start: 15, end: 30, excuses: new Set(['503']) };
  const judged = (changed: object, other: object = {}): number =>
    judgeFailures({ failures: [{ ...failure, ...other }], troubles: [{ ...trouble, ...changed }] }).length;
  assert.equal(judged({}), 0);
  assert.equal(judged({ end: undefined }), 0);
  assert.equal(judged({ start: 21 }), 1, 'it came later');
  assert.equal(judged({ start: 1, end: 9 }), 1, 'it was over');
  assert.equal(judged({ excuses: new Set() }), 1, 'it is nothing that clients notice');
  assert.equal(judged({}, { how: 'cut' }), 1);
});
