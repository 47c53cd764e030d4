// That only what an older recording says is replaced, and by nothing but what a newer one shows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange, Json } from './exchanges.ts';
import { asNewest, newestOf } from './superseded.ts';

const none = { roles: new Map<string, Json>() };
const exchange = (date: string, path: string, answer: Json, body: Json = null): Exchange => {
  const asked = { scenario: 's', step: 1, method: 'GET', to: 'hsm', path, query: '', auth: true, body };
  return { ...asked, source: { date }, status: 200, headers: {}, answer };
};
const answers = (newest: Parameters<typeof asNewest>[1], ...exchanges: readonly Exchange[]): readonly Json[] =>
  asNewest({ name: 's', exchanges }, newest).exchanges.map(({ answer }) => answer);

test('a job without an error has null since 2022; an error that says something stays', () => {
  const job = { error: { code: null, message: null, innererror: null } };
  assert.deepEqual(answers(none, exchange('2021-06-29', '/backup', job)), [{ error: null }]);
  assert.deepEqual(answers(none, exchange('2022-05', '/backup', job)), [job]);
  const failed = { error: { code: 'BadRequest', message: null } };
  assert.deepEqual(answers(none, exchange('2021-06-29', '/backup', failed)), [failed]);
});

test('what a key is for by default is that of today, and what its maker asked for stays', () => {
  const key = { key: { kty: 'oct-HSM', key_ops: { $: 'set', of: ['decrypt', 'encrypt'] } } };
  const asked = { kty: 'oct-HSM', key_ops: ['encrypt', 'decrypt'] };
  const [now] = answers(none, exchange('2021-06-29', '/keys/k/create', key, { kty: 'oct-HSM' }));
  assert.notDeepEqual(now, key);
  assert.deepEqual(answers(none, exchange('2021-06-29', '/keys/k/create', key, asked)), [key]);
  assert.deepEqual(answers(none, exchange('2024-06', '/keys/k/create', key, { kty: 'oct-HSM' })), [key]);
});

test('roles that come with an HSM are those of the newest list, and roles of customers stay', () => {
  const role = (id: string, type: string, roleName: string): Json => ({ id, properties: { type, roleName } });
  const list = (date: string, ...value: readonly Json[]): Exchange => exchange(date, '/roleDefinitions', { value });
  const [own, custom] = [role('1', 'AKVBuiltInRole', 'Backup'), role('2', 'CustomRole', 'mine')];
  const today = role('1', 'AKVBuiltInRole', 'Managed HSM Backup User');
  const newest = newestOf([list('2021-02-01', own), list('2024-06', today)]);
  assert.deepEqual(answers(newest, list('2021-02-01', own, custom)), [{ value: [today, custom] }]);
  assert.deepEqual(answers(newest, list('2023-12-22', own)), [{ value: [own] }]);
});
