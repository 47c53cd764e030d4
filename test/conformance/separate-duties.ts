// Two people of the development directory make an instance strict with the product's own command, as the guide says.
import assert from 'node:assert/strict';
import type { Ended } from './run-in.ts';

export async function separateDuties(
  strongroom: (line: string, ...values: readonly string[]) => Promise<Ended>,
): Promise<void> {
  const asked = await strongroom('separation strict --as alice');
  assert.equal(asked.code, 1, asked.stderr);
  const [, approve] =
    /Another administrator runs: \.\/strongroom (approval approve \S+) --reason/.exec(asked.stderr) ?? [];
  assert.ok(approve !== undefined, asked.stderr);
  const approved = await strongroom(`${approve} --as bob --reason`, 'we are two');
  assert.equal(approved.code, 0, approved.stderr);
  const made = await strongroom('separation strict --as alice');
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /^strict {2}\(/);
}
