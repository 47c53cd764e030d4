// That the comparison can fail: on each thing that an answer can have wrong.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, compare } from './compare.ts';
import type { Exchange, Json } from './exchanges.ts';
import { compareAnswer } from './replay.ts';
import { Unbound, Variables } from './variables.ts';

const told = (recorded: Json, answered: Json, variables = new Variables({}), clock: Clock = 'seconds'): string[] =>
  compare('answer', recorded, answered, variables, clock).map(({ where, how }) => `${where} ${how}`);

test('values, types and members are the same, or it is told which are not', () => {
  assert.deepEqual(told({ a: 1, b: 'x', c: null, d: [true] }, { d: [true], c: null, b: 'x', a: 1 }), []);
  assert.deepEqual(told({ a: 1 }, { a: 2 }), ['answer.a value']);
  assert.deepEqual(told({ a: 1 }, { a: '1' }), ['answer.a type']);
  assert.deepEqual(told({ a: 'x' }, { a: null }), ['answer.a type']);
  assert.deepEqual(told({ a: null }, { a: {} }), ['answer.a type']);
  assert.deepEqual(told({ a: false }, { a: true }), ['answer.a value']);
  assert.deepEqual(told({ a: {} }, { a: [] }), ['answer.a type']);
  assert.deepEqual(told({ a: [] }, { a: {} }), ['answer.a type']);
  assert.deepEqual(told({ a: { b: 1 } }, { a: {} }), ['answer.a.b missing']);
  assert.deepEqual(told({ a: {} }, { a: { b: 1 } }), ['answer.a.b extra']);
  assert.deepEqual(told({ a: [1, 2] }, { a: [2, 1] }), ['answer.a[0] value', 'answer.a[1] value']);
  assert.deepEqual(told({ a: [1] }, { a: [1, 2] }), ['answer.a value']);
});

test('what the service makes is text, of its length, and the same when it is shown again', () => {
  const variables = new Variables({});
  assert.deepEqual(told({ $: 'made' }, 7), ['answer type']);
  assert.deepEqual(told({ $: 'made' }, ''), ['answer value']);
  assert.deepEqual(told({ $: 'made', length: 4, as: 'bytes1' }, 'abc', variables), ['answer value']);
  assert.deepEqual(told({ $: 'made', length: 4, as: 'bytes1' }, 'abcd', variables), []);
  assert.deepEqual(told({ $: 'made', is: 'bytes1' }, 'abcd', variables), []);
  assert.deepEqual(told({ $: 'made', is: 'bytes1' }, 'abce', variables), ['answer value']);
  assert.deepEqual(told({ a: { $: 'made' } }, {}), ['answer.a missing']);
  assert.deepEqual(told({ a: { $: 'made', optional: true } }, {}), []);
  assert.deepEqual(told({ $: 'of-hsm' }, null), ['answer type']);
  assert.throws(() => told({ $: 'news' }, 1), /the mark news/);
});

test('times are seconds of an instance and dates of the resource manager', () => {
  const date = '2026-11-27T02:00:00Z';
  assert.deepEqual(told({ $: 'time' }, 1_700_000_000), []);
  assert.deepEqual(told({ $: 'time' }, date), ['answer type']);
  assert.deepEqual(told({ $: 'time' }, date, undefined, 'dates'), []);
  assert.deepEqual(told({ $: 'time' }, 'soon', undefined, 'dates'), ['answer type']);
});

test('a set has no order, and neither more nor less; others may be among a list', () => {
  const set = { $: 'set', of: ['a', 'b'] };
  assert.deepEqual(told(set, ['b', 'a']), []);
  assert.deepEqual(told(set, ['b']), ['answer[0] missing']);
  assert.deepEqual(told(set, ['b', 'a', 'a']), ['answer extra']);
  const list = [{ kid: '{key1}', enabled: true }, { $: 'others' }];
  const own = { kid: 'k', enabled: true };
  assert.deepEqual(told(list, [{ kid: 'other', enabled: 1 }, own], new Variables({ key1: 'k' })), []);
  assert.deepEqual(told(list, [{ kid: 'other', enabled: true }], new Variables({ key1: 'k' })), ['answer[0] missing']);
  const changed = [{ ...own, enabled: false }];
  assert.deepEqual(told(list, changed, new Variables({ key1: 'k' })), ['answer[0].enabled value']);
});

test('a variable has one value: chosen when it is sent, bound when an answer shows it', () => {
  const variables = new Variables({ hsm: 'h.example' });
  const { kid, name } = variables.fill({ kid: 'https://{hsm}/keys/{key1}', name: '{key1}' });
  assert.equal(kid, `https://h.example/keys/${name}`);
  assert.throws(() => variables.fill('{version1}'), Unbound);
  assert.deepEqual(told('https://{hsm}/keys/{key1}/{version1}', `${kid}/v`, variables), []);
  assert.equal(variables.fill('{version1}'), 'v');
  assert.deepEqual(told('https://{hsm}/keys/{key1}/{version1}', `${kid}/w`, variables), ['answer value']);
  assert.deepEqual(told('gone (Activity ID: {*})', 'gone (Activity ID: 1)', variables), []);
  assert.deepEqual(told('gone (Activity ID: {*})', 'gone', variables), ['answer value']);
  assert.deepEqual(told('{version2}-{version2}', 'a-b', variables), ['answer value']);
});

test('status, headers and an empty body are held to the recording too', () => {
  const recorded = { to: 'hsm', status: 202, answer: null, headers: { location: 'https://x/{operation1}' } };
  let variables = new Variables({});
  const differences = (status: number, headers: Record<string, string>, text: string): string[] => {
    variables = new Variables({});
    return compareAnswer(recorded as unknown as Exchange, { status, headers, text }, variables).map(
      ({ where, how }) => `${where} ${how}`,
    );
  };
  assert.deepEqual(differences(202, { location: 'https://x/1?t=2', 'retry-after': '1' }, ''), []);
  assert.equal(variables.fill('{operation1}'), 'https://x/1?t=2');
  assert.deepEqual(differences(200, { location: 'https://x/1?t=2' }, '{}'), ['status value', 'answer extra']);
  assert.deepEqual(differences(202, { 'content-type': 'application/json' }, ''), [
    'header location missing',
    'header content-type extra',
  ]);
});
