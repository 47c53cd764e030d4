import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareOperations } from './api-operations.ts';

const get = { method: 'GET', dataAction: 'Microsoft.KeyVault/managedHsm/keys/read/action' } as const;
const rows = [
  { ...get, path: '/keys', scope: 'keys' },
  { ...get, path: '/keys/:name', scope: 'key' },
  { ...get, path: '/keys/:name/:version', scope: 'key' },
] as const;
const LIST = '| list | GET `/keys` | `keys/read/action` | `/keys` |';
const GET = '| get | GET `/keys/{name}[/{version}]` (200) | `keys/read/action` | `/keys/{name}` |';

function found(page: string[], of: Parameters<typeof compareOperations>[1] = rows): string[] {
  return compareOperations(page.join('\n'), of).map(({ what }) => what);
}

test('a page that has every row passes; bracketed parts stand for two paths', () => {
  assert.deepEqual(found([LIST, GET]), []);
});

test('a row that the page lacks, and one that does not exist, are reported', () => {
  assert.deepEqual(found([GET]), ['has no row for GET /keys (keys/read/action at /keys)']);
  assert.deepEqual(found([LIST, GET, '| x | POST `/rng` | `rng/action` | `/` |']), [
    'describes POST /rng (rng/action at /), which no route row has',
  ]);
});

test('a wrong data action or scope is reported from both sides', () => {
  assert.equal(found([LIST.replace('read', 'write'), GET]).length, 2);
  assert.equal(found([LIST, GET.replaceAll('`/keys/{name}` |', '`/keys` |')]).length, 4);
});

test('{scope} stands for all three scopes', () => {
  const path = '/providers/Microsoft.Authorization/roleAssignments';
  const all = [
    { ...get, path, scope: 'root' },
    { ...get, path: `/keys${path}`, scope: 'keys' },
    { ...get, path: `/keys/:name${path}`, scope: 'key' },
  ] as const;
  const line = `| list | GET \`{scope}${path}\` | \`keys/read/action\` | \`{scope}\` |`;
  assert.deepEqual(found([line], all), []);
  assert.equal(found([line], all.slice(1)).length, 1);
});
