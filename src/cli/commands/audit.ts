// `strongroom audit …`: the audit log, read, proven and witnessed from its files alone.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, CommandError, command, jsonOption } from '../command.ts';
import { commands as entryCommands } from './audit/entry-commands.ts';
import { logFolder, logOptions } from './audit/log-folder.ts';
import { checkOptions, verifyCheckpoint, verifyFolder, verifyWords } from './audit/verify.ts';
import { newestCosigned, readWitnessed, witnessFailure, witnessRows, witnessTable } from './audit/witnesses.ts';

export const commands: readonly Command[] = [
  command({
    ...verifyWords,
    options: { ...logOptions, ...checkOptions },
    examples: [
      'strongroom audit verify',
      'strongroom audit verify --management --key="$MANAGEMENT_VKEY"',
      ...verifyWords.examples,
    ],
    run: (values) => verifyFolder(logFolder(values), values),
  }),
  ...entryCommands,
  command({
    name: 'audit checkpoint',
    summary: "print the log's signed checkpoint, to keep elsewhere",
    details: `
A checkpoint names the log's size and the hash over all of its entries, signed by the HSM, or for the management plane by
a module of its own. Kept on another machine it proves later that none of those entries was changed, moved or removed:
strongroom audit verify --checkpoint FILE. With --cosigned it is the newest that a witness has signed, too, with the
signatures of the witnesses.`,
    options: { ...logOptions, cosigned: 'the newest that a witness has cosigned' },
    examples: [
      'strongroom audit checkpoint > 2026-11-25.checkpoint',
      'strongroom audit checkpoint --hsm-name fin-prod-mhsm',
      'strongroom audit checkpoint --cosigned > cosigned.checkpoint',
      'strongroom audit checkpoint --management > management-2026-11-25.checkpoint',
    ],
    run(values) {
      if (values.cosigned) {
        const { origin, cosigned } = readWitnessed(values);
        const note = newestCosigned(cosigned);
        if (note !== undefined) return note;
        throw new CommandError(
          `no witness has cosigned a checkpoint of ${origin} yet: 'audit witnesses' shows why, and docs/guide/witness.md how to have one`,
        );
      }
      const folder = logFolder(values);
      const path = join(folder, 'checkpoint');
      if (existsSync(path)) return readFileSync(path, 'utf8');
      throw new CommandError(`${folder} has no checkpoint yet: the HSM signs one with its first entries`);
    },
  }),
  command({
    name: 'audit witnesses',
    summary: 'show which witnesses have cosigned the log, and how far',
    details: `
A row for each witness that was asked: entries that it vouches for, how many newer ones a checkpoint of the log covers, when it
signed last, and why it did not when it was asked last: then the exit code is 1. It says CONTRADICTED where a witness
contradicts the log: what it has signed before is not there any more.`,
    options: { ...logOptions, ...jsonOption },
    examples: ['strongroom audit witnesses', 'strongroom audit witnesses --management --json'],
    run(values) {
      const witnessed = readWitnessed(values);
      const rows = witnessRows(witnessed);
      return {
        json: { origin: witnessed.origin, entries: witnessed.size, witnesses: rows },
        text:
          rows.length === 0
            ? 'no witness was asked yet: docs/guide/witness.md says how to have one\n'
            : witnessTable(rows),
        failure: witnessFailure(rows),
      };
    },
  }),
  verifyCheckpoint,
];
