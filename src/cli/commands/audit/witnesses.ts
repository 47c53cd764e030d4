// What witnesses have signed of a log of this machine, as the watcher keeps it.

import { type Cosigned, cosignedFile, readCosigned } from '../../../deployment/cosigned-checkpoints.ts';
import { places } from '../../../deployment/data-layout.ts';
import { cosignedAt, parseWitnessKey } from '../../../formats/cosignature.ts';
import { parseCheckpoint } from '../../../formats/tlog-checkpoint.ts';
import { CommandError } from '../../command.ts';
import { dataRootOf } from '../../running.ts';
import { table } from '../../show.ts';
import { readOwnCheckpoint } from './checkpoints.ts';
import { logFolder } from './log-folder.ts';

type LogValues = Parameters<typeof logFolder>[0];

export function readWitnessed(values: LogValues) {
  const folder = logFolder(values);
  const { origin, text } = readOwnCheckpoint(folder);
  if (origin === undefined || text === undefined)
    throw new CommandError(`${folder} has no checkpoint that could be cosigned`);
  const cosigned = readCosigned(cosignedFile(places(dataRootOf(values.data)).watch, origin));
  return { origin, size: parseCheckpoint(text).checkpoint.size, cosigned };
}

/** The newest that a witness has cosigned, with the signatures of all that have cosigned this very one. */
export function newestCosigned({ checkpoints }: Cosigned): string | undefined {
  const notes = Object.values(checkpoints).map((text) => ({ text, ...parseCheckpoint(text) }));
  const [newest] = notes.toSorted((a, b) => b.checkpoint.size - a.checkpoint.size);
  if (newest === undefined) return undefined;
  const same = notes.filter(({ note }) => note.text === newest.note.text);
  const lines = same.flatMap(({ text, note }) =>
    text
      .slice(note.text.length + 1)
      .trimEnd()
      .split('\n'),
  );
  return `${newest.note.text}\n${[...new Set(lines)].map((line) => `${line}\n`).join('')}`;
}

/** A row for each that has signed, or has not when it was asked last. */
export function witnessRows({ size, cosigned: { checkpoints, failures } }: ReturnType<typeof readWitnessed>) {
  return [...new Set([...Object.keys(checkpoints), ...Object.keys(failures)])].map((key) => {
    const witness = parseWitnessKey(key);
    const signed = checkpoints[key] === undefined ? undefined : parseCheckpoint(checkpoints[key]);
    const time = signed === undefined ? undefined : cosignedAt(signed.note, witness);
    const entries = signed?.checkpoint.size ?? 0;
    return {
      witness: witness.name,
      key,
      entries,
      behind: Math.max(0, size - entries),
      cosignedAt: time === undefined ? null : new Date(time * 1000).toISOString(),
      lastFailure: failures[key] ?? null,
    };
  });
}

export function witnessTable(rows: ReturnType<typeof witnessRows>): string {
  return table(
    ['ENTRIES', 'BEHIND', 'COSIGNED', 'WITNESS', 'LAST FAILURE'],
    rows.map(({ witness, entries, behind, cosignedAt: at, lastFailure }) => {
      const failure = lastFailure === null ? '-' : `${lastFailure.at} ${lastFailure.why}`;
      return [String(entries), String(behind), at ?? 'never', witness, failure];
    }),
  );
}

/** What is wrong now, the worst of it; undefined: each has signed when it was asked last. */
export function witnessFailure(rows: ReturnType<typeof witnessRows>): string | undefined {
  const namesOf = (failed: typeof rows): string => failed.map(({ witness }) => witness).join(', ');
  const failed = rows.filter(({ lastFailure }) => lastFailure !== null);
  const against = failed.filter(({ lastFailure }) => lastFailure?.contradicted === true);
  if (against.length > 0) return `CONTRADICTED by ${namesOf(against)}`;
  return failed.length > 0 ? `not signed when asked last: ${namesOf(failed)}` : undefined;
}
