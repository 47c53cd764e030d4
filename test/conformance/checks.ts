// What a client program reports: one JSON line for each check that it made.
import assert from 'node:assert/strict';
import { test } from 'node:test';

interface Check {
  readonly check: string;
  readonly error?: string;
}

/** One test for each name; a check that was not made fails as one that did not pass, and so does an unknown one. */
export function testChecks(
  names: readonly string[],
  made: () => { readonly stdout: string; readonly stderr: string },
): void {
  for (const name of names) {
    test(name, () => {
      const found = readChecks(made().stdout).find(({ check }) => check === name);
      assert.ok(found !== undefined, `it was not made: ${made().stderr}`);
      if (found.error !== undefined) assert.fail(found.error);
    });
  }
  test('no other check was made', () => {
    assert.deepEqual(
      readChecks(made().stdout).map(({ check }) => check),
      names,
    );
  });
}

function readChecks(stdout: string): Check[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Check);
}
