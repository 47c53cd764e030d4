// What witnesses have signed of a log of this machine, as the watcher keeps it.

import { type Cosigned, cosignedFile, readCosigned } from '../../../deployment/cosigned-checkpoints.ts';
import { places } from '../../../deployment/data-layout.ts';
import { cosignedAt, parseWitnessKey } from '../../../formats/cosignature.ts';
import { oneLine } from '../../../formats/printable.ts';
import { parseCheckpoint } from '../../../formats/tlog-checkpoint.ts';
import { CommandError } from '../../command.ts';
import { dataRootOf } from '../../running.ts';
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
  const line = (...[entries, behind, time, name]: readonly string[]): string =>
    `${entries?.padStart(12)}  ${behind?.padStart(8)}  ${time?.padEnd(24)}  ${name}\n`;
  return [
    line('entries', 'behind', 'cosigned', 'witness'),
    ...rows.map(({ witness, entries, behind, cosignedAt: at, lastFailure }) => {
      const why = lastFailure === null ? '' : oneLine(`  ${lastFailure.at}: ${lastFailure.why}`);
      return line(String(entries), String(behind), at ?? 'never', `${witness}${why}`);
    }),
  ].join('');
}
