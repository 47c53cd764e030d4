// What a verification found, for a person.
import type { Damage } from './findings.ts';
import type { Proof } from './proof.ts';
import type { Verification } from './verify-log.ts';
import type { Vouched } from './vouched.ts';

/** Findings shown; the rest is counted. */
const SHOWN = 20;

export function verificationText(folder: string, result: Verification, witnesses: readonly Vouched[] = []): string {
  const lines = [
    `log          ${folder}`,
    `entries      ${result.size}`,
    `root         ${result.root.toString('base64')}`,
    ...result.checkpoints.map(
      ({ name, size, holds, signature }) =>
        `checkpoint   ${name}: ${size} entries, ${holds ? 'holds' : 'DOES NOT HOLD'}, signature ${signature === 'not checked' ? 'not checked (no --key)' : signature}`,
    ),
  ];
  if (result.checkpoints.length === 0) lines.push('checkpoint   none');
  for (const { witness, size, at } of witnesses) lines.push(`witness      ${witness}: ${size} entries, cosigned ${at}`);
  if (result.unfinished !== undefined) {
    const { file, offset } = result.unfinished;
    lines.push(`unfinished   ${file}, offset ${offset}: a record that a crash cut off; it was never acknowledged`);
  }
  if (result.damageCount === 0) return `${[...lines, verdict(result.proof)].join('\n')}\n`;
  lines.push(`The log is DAMAGED (${result.damageCount} ${result.damageCount === 1 ? 'finding' : 'findings'}):`);
  for (const damage of result.damage.slice(0, SHOWN)) lines.push(`  ${damageText(damage)}`);
  if (result.damageCount > SHOWN) lines.push(`  … and ${result.damageCount - SHOWN} more`);
  return `${lines.join('\n')}\n`;
}

/** What is proven when nothing is wrong with what is there. */
function verdict({ state, proven, unproven }: Proof): string {
  const last = unproven === 1 ? 'entry' : `${unproven} entries`;
  const elsewhere = 'Verify it against a checkpoint that was kept elsewhere: --checkpoint FILE.';
  switch (state) {
    case 'all':
      return 'The log is whole.';
    case 'tail-unsigned':
      return `The log is whole. ${proven} entries are proven by a checkpoint; the last ${last} of the moments after it had not been signed yet.`;
    case 'tail-unproven':
      return (
        `Nothing is wrong with what is there, but the log is NOT PROVEN: a checkpoint proves ${proven} entries, and the last ${last} ` +
        'are only there. More time lies between them than it takes to sign a checkpoint: newer ones were never made, or were ' +
        `taken away, and with them may have gone more entries. ${elsewhere}`
      );
    case 'nothing':
      return (
        `Nothing is wrong with what is there, but the log is NOT PROVEN: no checkpoint lies beside it and none was given. ` +
        `0 entries are proven, ${unproven} are only there, and nothing proves how many there were. ${elsewhere}`
      );
  }
}

function damageText({ file, entry, offset, what }: Damage): string {
  const place = [
    file,
    ...(entry === undefined ? [] : [`entry ${entry}`]),
    ...(offset === undefined ? [] : [`offset ${offset}`]),
  ];
  return `${place.join(', ')}: ${what}`;
}
