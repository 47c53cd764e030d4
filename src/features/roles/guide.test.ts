// The page for users shows the roles as they are.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { builtInRoles } from './built-in-roles.ts';
import { dataAction, dataActions, type ShortDataAction } from './data-actions.ts';

const page = readFileSync(new URL('../../../docs/guide/roles.md', import.meta.url), 'utf8');
const cells = page
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );

it('the matrix of the guide has every data action and marks exactly the roles that hold it', () => {
  const header = cells.find(([first]) => first === 'data action') ?? [];
  const columns = header.slice(1).map((short) => {
    const id = cells.find((row) => row.length === 3 && row[0] === short)?.[2];
    return builtInRoles.find(({ name }) => name === id);
  });
  const byName = (a?: { readonly name: string }, b?: { readonly name: string }): number =>
    (a?.name ?? '') < (b?.name ?? '') ? -1 : 1;
  assert.deepEqual([...columns].sort(byName), [...builtInRoles].sort(byName));
  const start = cells.indexOf(header) + 2;
  const rows = cells.slice(start, start + dataActions.length);
  assert.deepEqual(
    rows.map(([short]) => dataAction(short as ShortDataAction)),
    dataActions,
  );
  for (const [index, row] of rows.entries()) {
    const action = dataActions[index];
    const marks: string[] = columns.map((role) => {
      const held = role?.permissions.flatMap((permission) => permission.dataActions) ?? [];
      return action !== undefined && held.includes(action) ? '●' : '';
    });
    assert.deepEqual(row.slice(1), marks, row[0] ?? '');
  }
});

it('the guide names each role by the name and id that it has', () => {
  for (const { roleName, name } of builtInRoles) {
    assert.ok(
      cells.some((row) => row[1] === roleName && row[2] === name),
      roleName,
    );
  }
});
