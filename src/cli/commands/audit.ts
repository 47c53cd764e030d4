// `strongroom audit …`: the audit log, read, proven and witnessed from its files alone.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { verificationText } from '../../tools/audit/verify/verification-text.ts';
import { readVerifierKey } from '../../tools/audit/verify/verifier-key.ts';
import { verifyLog } from '../../tools/audit/verify/verify-log.ts';
import { vouched } from '../../tools/audit/verify/vouched.ts';
import { type Command, CommandError, command, jsonOption } from '../command.ts';
import { explained } from '../explained.ts';
import { readOwnCheckpoint, readSavedCheckpoints, requireOf } from './audit/checkpoints.ts';
import { commands as entryCommands } from './audit/entry-commands.ts';
import { logFolder, logOptions } from './audit/log-folder.ts';
import { newestCosigned, readWitnessed, witnessRows, witnessTable } from './audit/witnesses.ts';

/** The exit code for a log that may be whole. */
const NOT_PROVEN = 3;

export const commands: readonly Command[] = [
  command({
    name: 'audit verify',
    summary: 'prove that the audit log is whole, or say where it is not',
    details: `
Reads every entry and every hash, needs neither the service nor the HSM, and changes nothing. Without a checkpoint that
was kept elsewhere it cannot know of entries cut off together with the newest checkpoint; without --key it cannot know
who signed. The exit code is 0 when the log is whole, 1 when it is not, and 3 when nothing is wrong with what is there but
nothing proves how many entries there were: no checkpoint, or none for those of more than the last moments.
A checkpoint may have other line ends, empty lines around it and a common indent. One that still does not read or is of
another log, and a key that has not signed, are named as that on standard error, with 1 and nothing said of the log.
With --witness it says which witness vouches for how many entries and since when; a log that is shorter than, or differs
from, what a witness has cosigned is DAMAGED.`,
    options: {
      ...logOptions,
      'checkpoint FILE...': 'a checkpoint kept from earlier; may be given several times',
      'key KEY': 'the key that must have signed: NAME+HASH+KEY, or the bare log key',
      'witness KEY...': 'the key of a witness that must have cosigned a checkpoint given; may be given several times',
      ...jsonOption,
    },
    examples: [
      'strongroom audit verify',
      'strongroom audit verify --management --key="$MANAGEMENT_VKEY"',
      'strongroom audit verify --log /mnt/copy/audit --checkpoint 2026-11-25.checkpoint --key="$VKEY"',
      'strongroom audit verify --checkpoint cosigned.checkpoint --witness "$WITNESS_KEY"',
    ],
    run(values) {
      const { key, witness: keys } = values;
      const folder = logFolder(values);
      const saved = readSavedCheckpoints(values.checkpoint);
      const own = readOwnCheckpoint(folder);
      // Mostly the wrong file was named: comparing it with this log would only call a whole log damaged.
      for (const { name, origin } of saved) {
        if (own.origin === undefined || origin === own.origin) continue;
        throw new CommandError(`${name} is a checkpoint of another log (${origin}); this one is ${own.origin}`);
      }
      // Without a checkpoint there is nothing that it could have signed, and that is what the answer says then.
      const isAnySigned = saved.length > 0 || own.text !== undefined;
      const verifier =
        key === undefined || !isAnySigned
          ? undefined
          : explained(() => readVerifierKey(key, own.origin ?? saved[0]?.origin), { NoteError: '--key: ' });
      if (verifier !== undefined) requireOf(verifier, own, saved);
      const witnesses = explained(() => vouched(saved, keys), { NoteError: '--witness: ' });
      const result = verifyLog({ folder, saved, ...(verifier === undefined ? {} : { verifier }) });
      const isProven = result.proof.state === 'all' || result.proof.state === 'tail-unsigned';
      return {
        json: { ...result, witnesses, root: result.root.toString('base64') },
        text: verificationText(folder, result, witnesses),
        exit: result.damageCount > 0 ? 1 : isProven ? 0 : NOT_PROVEN,
      };
    },
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
signed last, and why it did not when it was asked last. The exit code is 1 when a witness contradicts the log: what it has
signed before is not there any more.`,
    options: { ...logOptions, ...jsonOption },
    examples: ['strongroom audit witnesses', 'strongroom audit witnesses --management --json'],
    run(values) {
      const witnessed = readWitnessed(values);
      const rows = witnessRows(witnessed);
      const against = rows.filter(({ lastFailure }) => lastFailure?.contradicted === true);
      return {
        json: { origin: witnessed.origin, entries: witnessed.size, witnesses: rows },
        text:
          rows.length === 0
            ? 'no witness was asked yet: docs/guide/witness.md says how to have one\n'
            : witnessTable(rows),
        ...(against.length === 0
          ? {}
          : { failure: `CONTRADICTED by ${against.map(({ witness }) => witness).join(', ')}` }),
      };
    },
  }),
];
