// `strongroom audit …`: the audit log, read, proven and witnessed from its files alone.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEntries } from '../../features/audit/read-entries.ts';
import { ownCommand } from '../../formats/own-command.ts';
import { oneLine, printableJson } from '../../formats/printable.ts';
import { entryLine } from '../../tools/audit/entry-line.ts';
import { verificationText } from '../../tools/audit/verify/verification-text.ts';
import { readVerifierKey } from '../../tools/audit/verify/verifier-key.ts';
import { verifyLog } from '../../tools/audit/verify/verify-log.ts';
import { vouched } from '../../tools/audit/verify/vouched.ts';
import { type Command, CommandError, command, jsonOption, UsageError } from '../command.ts';
import { explained } from '../explained.ts';
import { nearest } from '../nearest.ts';
import { readOwnCheckpoint, readSavedCheckpoints, requireOf } from './audit/checkpoints.ts';
import { logFolder, logOptions, logWords } from './audit/log-folder.ts';

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
  command({
    name: 'audit show',
    summary: 'list entries of the audit log',
    details: `
Works on the files, whether the service runs or not. With --json each line is an entry as it stands in the log, with its
index added. It shows what is there; whether it was tampered with is what audit verify says. An operation may be written in
any case; of one that the log has no entry of, standard error says so and names the nearest that it has.`,
    options: {
      ...logOptions,
      'operation NAME': 'only this operation: KeySign, Microsoft.KeyVault/managedHSMs/delete, …',
      'since TIME': 'only entries from this time on (ISO 8601)',
      'last N': 'only the last N of them',
      ...jsonOption,
    },
    examples: [
      'strongroom audit show --last 20',
      'strongroom audit show --management --last 20',
      'strongroom audit show --operation KeyUnwrap --since 2026-11-25T00:00:00Z --json',
    ],
    run(values, _operands, terminal) {
      const since = values.since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(values.since);
      if (Number.isNaN(since)) throw new UsageError(`--since must be a time such as 2026-11-25T08:00:00Z`);
      const last = values.last === undefined ? Number.POSITIVE_INFINITY : Number(values.last);
      if (values.last !== undefined && !/^[1-9]\d{0,8}$/.test(values.last)) {
        throw new UsageError('--last must be a number above 0');
      }
      const reader = openEntries(logFolder(values));
      const log = logWords(values);
      const unfiltered = values.operation === undefined && values.since === undefined;
      const wanted = values.operation?.toLowerCase();
      const operations = new Map<string, string>();
      let kept: string[] = [];
      for (const { index, text } of reader.from(unfiltered ? Math.max(0, reader.size - last) : 0)) {
        const entry = parseEntry(text, index, log);
        if (wanted !== undefined) {
          const operation = String(entry['operationName']);
          operations.set(operation.toLowerCase(), operation);
          if (operation.toLowerCase() !== wanted) continue;
        }
        if (!(Date.parse(String(entry['time'])) >= since) && values.since !== undefined) continue;
        const line = values.json ? printableJson({ index, ...entry }, 0) : `${entryLine(index, entry)}\n`;
        if (last === Number.POSITIVE_INFINITY) terminal.out(line);
        else {
          kept.push(line);
          if (kept.length > 2 * last) kept = kept.slice(-last);
        }
      }
      for (const line of kept.slice(-last)) terminal.out(line);
      if (wanted !== undefined && !operations.has(wanted)) {
        const meant = operations.get(nearest(wanted, operations.keys()) ?? '');
        const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
        terminal.err(`${oneLine(`no entry of this log has the operation '${values.operation}'${hint}`)}\n`);
      }
      return 0;
    },
  }),
  command({
    name: 'audit checkpoint',
    summary: "print the log's signed checkpoint, to keep elsewhere",
    details: `
A checkpoint names the log's size and the hash over all of its entries, signed by the HSM, or for the management plane by
a module of its own. Kept on another machine it proves later that none of those entries was changed, moved or removed:
strongroom audit verify --checkpoint FILE.`,
    options: logOptions,
    examples: [
      'strongroom audit checkpoint > 2026-11-25.checkpoint',
      'strongroom audit checkpoint --hsm-name fin-prod-mhsm',
      'strongroom audit checkpoint --management > management-2026-11-25.checkpoint',
    ],
    run(values) {
      const folder = logFolder(values);
      const path = join(folder, 'checkpoint');
      if (existsSync(path)) return readFileSync(path, 'utf8');
      throw new CommandError(`${folder} has no checkpoint yet: the HSM signs one with its first entries`);
    },
  }),
];

/** @param log which log it is, as options */
function parseEntry(text: string, index: number, log: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Answered below, as for any other text that is no entry.
  }
  throw new CommandError(`entry ${index} is not an audit entry; run ${ownCommand(`audit verify${log}`)}`);
}
