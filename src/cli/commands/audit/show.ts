// `strongroom audit show`: lists entries of the log.

import { openEntries } from '../../../features/audit/read-entries.ts';
import { ownCommand } from '../../../formats/own-command.ts';
import { oneLine, printableJson } from '../../../formats/printable.ts';
import { entryLine } from '../../../tools/audit/entry-line.ts';
import { CommandError, command, jsonOption, UsageError } from '../../command.ts';
import { nearest } from '../../nearest.ts';
import { logFolder, logOptions, logWords } from './log-folder.ts';

export const show = command({
  name: 'audit show',
  summary: 'list entries of the audit log',
  operands: '',
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
  async run(values, _operands, terminal) {
    const since = values.since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(values.since);
    if (Number.isNaN(since)) throw new UsageError(`--since must be a time such as 2026-11-25T08:00:00Z`);
    const last = values.last === undefined ? Number.POSITIVE_INFINITY : Number(values.last);
    if (values.last !== undefined && !/^[1-9]\d{0,8}$/.test(values.last))
      throw new UsageError('--last must be a number above 0');
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
});

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
