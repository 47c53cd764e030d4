// The file in which a rehearsal's record is kept and handed on: record, statement and the domain's public key.
import { replaceFile } from '../../../files/durable-file.ts';
import { domainFingerprint } from '../../../formats/domain-identity.ts';
import { groupFingerprint } from '../../../formats/fingerprint.ts';
import { type Rehearsal, readRehearsal } from '../../../formats/rehearsal-record.ts';
import { matching, oneOf, record, text } from '../../../formats/shape.ts';
import { NoteError } from '../../../formats/signed-note.ts';
import { verifyStatement } from '../../../formats/verify-statement.ts';
import { counted } from '../../counted.ts';
import { explained } from '../../explained.ts';
import { readJsonInput } from '../../read-input.ts';
import { labelled } from '../../show.ts';

const FORMAT = 'strongroom rehearsal record 1';

/** `domainKey`: raw. */
const shape = record({
  format: oneOf(FORMAT),
  record: text,
  note: text,
  domainKey: matching(/^[\w-]{43}$/, 'an Ed25519 key in base64url'),
});
export async function keepRecord(
  path: string,
  { record: written, note, domainKey }: Omit<ReturnType<typeof shape>, 'format'>,
): Promise<void> {
  await replaceFile(path, `${JSON.stringify({ format: FORMAT, record: written, note, domainKey }, null, 2)}\n`);
}

/** Verified: the domain of the key in the file states this record. @throws CommandError naming the file */
export function readKeptRecord(path: string) {
  const before = `${path}: `;
  return explained(
    () => {
      const kept = shape(readJsonInput(path), 'file');
      const key = Buffer.from(kept.domainKey, 'base64url');
      verifyStatement(kept.note, 'rehearsal', Buffer.from(kept.record, 'utf8'), key);
      const rehearsal = readRehearsal(kept.record);
      const fingerprint = domainFingerprint(key);
      if (rehearsal.domainFingerprint !== fingerprint) throw new NoteError('it is stated by another security domain');
      return { ...kept, rehearsal, fingerprint };
    },
    { ShapeError: before, NoteError: before },
  );
}

/** What a record says, for people. */
export function rehearsalText(rehearsal: Rehearsal): string {
  const { steps, problems } = rehearsal;
  const took = steps.map(({ name, milliseconds, outcome, detail }) => {
    const more = detail === undefined ? '' : ` (${detail})`;
    return `  ${outcome === 'done' ? 'done  ' : 'FAILED'}     ${name}${more}: ${seconds(milliseconds)}\n`;
  });
  const faults = problems.map(
    ({ kind, name, problem, next }) => `  at fault   ${kind} ${name}: ${problem}\n  next       ${next}\n`,
  );
  return [outcomeText(rehearsal), ...took, ...faults].join('');
}

/** Without the steps and what was at fault in them, for people who have watched these. */
export function outcomeText(rehearsal: Rehearsal): string {
  const { depth, verdict, instance, startedAt, finishedAt, custodians, backup, sample, recoveryMilliseconds } =
    rehearsal;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['from', `${startedAt} to ${finishedAt}`],
    ['domain', groupFingerprint(rehearsal.domainFingerprint)],
    ...custodians.map(
      ({ name, custodian, outcome, at }) =>
        ['custodian', `${name ?? custodian}: ${outcome}${at === undefined ? '' : ` ${at}`}`] as const,
    ),
    ['backup', backup && `${backup.folder}: ${counted(backup.keys, 'key')}, ${counted(backup.versions, 'version')}`],
    ['samples', sample && `${sample.unwrapped} of ${counted(sample.keys, 'key')} answered as known`],
    ['recovery', recoveryMilliseconds === undefined ? undefined : seconds(recoveryMilliseconds)],
  ];
  return `${depth} rehearsal of '${instance}': ${verdict.toUpperCase()}\n${labelled(rows, 11, '  ')}`;
}

/** Where the record is now. @param filed in words */
export function keptText(filed: string, path: string | undefined): string {
  return `  filed      ${filed}\n${path === undefined ? '' : `  kept       in ${path}\n`}`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}
