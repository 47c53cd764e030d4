// What a verification found, for a person.
import type { Damage } from './findings.ts';
import type { Verification } from './verify-log.ts';

/** Findings shown; the rest is counted. */
const SHOWN = 20;

export function verificationText(folder: string, result: Verification): string {
  const lines = [
    `log          ${folder}`,
    `entries      ${result.size}`,
    `root         ${result.root.toString('base64')}`,
    ...result.checkpoints.map(
      ({ name, size, holds, signature }) =>
        `checkpoint   ${name}: ${size} entries, ${holds ? 'holds' : 'DOES NOT HOLD'}, signature ${signature === 'not checked' ? 'not checked (no --key)' : signature}`,
    ),
  ];
  if (result.checkpoints.length === 0) lines.push('checkpoint   none: nothing proves how many entries there were');
  if (result.unfinished !== undefined) {
    const { file, offset } = result.unfinished;
    lines.push(`unfinished   ${file}, offset ${offset}: a record that a crash cut off; it was never acknowledged`);
  }
  if (result.damageCount === 0) return `${[...lines, 'The log is whole.'].join('\n')}\n`;
  lines.push(`The log is DAMAGED (${result.damageCount} ${result.damageCount === 1 ? 'finding' : 'findings'}):`);
  for (const damage of result.damage.slice(0, SHOWN)) lines.push(`  ${damageText(damage)}`);
  if (result.damageCount > SHOWN) lines.push(`  … and ${result.damageCount - SHOWN} more`);
  return `${lines.join('\n')}\n`;
}

export function damageText({ file, entry, offset, what }: Damage): string {
  const place = [
    file,
    ...(entry === undefined ? [] : [`entry ${entry}`]),
    ...(offset === undefined ? [] : [`offset ${offset}`]),
  ];
  return `${place.join(', ')}: ${what}`;
}
