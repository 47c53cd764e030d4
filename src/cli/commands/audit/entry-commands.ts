// `strongroom audit show|search|tail`: entries of a log, by one set of filters, from its files or from an instance.
import { places } from '../../../deployment/data-layout.ts';
import { type AuditFilter, type GivenFilter, readFilter } from '../../../features/audit/index/filter.ts';
import type { SearchRange } from '../../../features/audit/index/search.ts';
import { oneLine, printableJson } from '../../../formats/printable.ts';
import { ENTRY_HEADINGS, entryLine } from '../../../tools/audit/entry-line.ts';
import {
  type Command,
  CommandError,
  command,
  jsonOption,
  type OptionValues,
  type Terminal,
  UsageError,
} from '../../command.ts';
import { explained } from '../../explained.ts';
import { caOption, openInstanceClient } from '../../instance-client.ts';
import { nearest } from '../../nearest.ts';
import { dataRootOf } from '../../running.ts';
import { type AuditSource, type FoundEntry, localSource, remoteSource } from './audit-source.ts';
import { logFolder, logOptions, logWords } from './log-folder.ts';

const filterOptions = {
  'caller WHO': 'only of this caller: object id, application id or user name',
  'key NAME': 'only about this key',
  'version VERSION': 'only about this version of a key',
  'operation NAME': 'only this operation: KeySign, Microsoft.KeyVault/managedHSMs/delete, …',
  'outcome WHAT': 'success, refused (the caller was at fault), failed (the service could not), or a status such as 403',
  'scope SCOPE': 'only at this scope or below it: /, /keys or /keys/NAME',
  'since TIME': 'only entries from this time on (ISO 8601)',
  'until TIME': 'only entries before this time',
  'text TEXT': 'only with this text somewhere in a value; of correlationId and clientRequestId the whole',
} as const;

const sourceOptions = {
  ...logOptions,
  'url URL':
    'instead of files: https://HOST of an instance, whose Auditor you are; $AZURE_CLIENT_ID … say who asks, else az',
  ...caOption,
  'as WHO':
    'instead of files, ask the instance as alice or bob, people of the development directory, or az: whoever az is signed in as, with --url too',
} as const;

type SourceValues = OptionValues<typeof sourceOptions & typeof filterOptions>;

const FILTERS = `
Texts of filters are compared without regard to case. A log of the data directory has an index (DATA/index) that is made from it
and brought up to it by whoever searches; what is shown was read from the log itself. With --url the instance is asked, by the
role Strongroom Auditor.`;

export const commands: readonly Command[] = [
  command({
    name: 'audit show',
    summary: 'list entries of the audit log, in its order',
    details: `
Works on the files, whether the service runs or not. With --json each line is an entry as it stands in the log, with its
index added. It shows what is there; whether it was tampered with is what audit verify says. An operation may be written in
any case; of one that the log has no entry of, standard error says so and names the nearest that it has. With --index it is
that entry alone: alerts name theirs.
${FILTERS}`,
    options: {
      ...sourceOptions,
      ...filterOptions,
      'index N': 'only the entry of this index, counted from 0',
      'last N': 'only the last N of them',
      ...jsonOption,
    },
    examples: [
      'strongroom audit show --last 20',
      'strongroom audit show --management --last 20',
      'strongroom audit show --index 4711 --json',
      'strongroom audit show --operation KeyUnwrap --since 2026-11-25T00:00:00Z --json',
    ],
    async run(values, _operands, terminal) {
      const last = readLast(values.last);
      const { filter, source } = open(values, terminal);
      const print = printer(values.json, terminal);
      const range = await rangeOf(values.index, source);
      if (last === undefined) for await (const found of source.search({ order: 'oldest', ...range })) print(found);
      else for (const found of (await newest(source, last, range)).reverse()) print(found);
      return print.ended(filter, source);
    },
  }),
  command({
    name: 'audit search',
    summary: 'find entries of the audit log, newest first',
    details: FILTERS,
    options: { ...sourceOptions, ...filterOptions, 'last N (100)': 'so many of them', ...jsonOption },
    examples: [
      'strongroom audit search --key tde-root-key --outcome refused',
      'strongroom audit search --caller alice@example.com --since 2026-11-01 --until 2026-12-01 --last 1000 --json',
      'strongroom audit search --text 10.20.0.4 --url https://fin-prod-mhsm.example.com',
    ],
    async run(values, _operands, terminal) {
      const last = readLast(values.last) ?? 0;
      const { filter, source } = open(values, terminal);
      const print = printer(values.json, terminal);
      for (const found of await newest(source, last)) print(found);
      return print.ended(filter, source);
    },
  }),
  command({
    name: 'audit tail',
    summary: 'show the last entries of the audit log, and each that comes from now on',
    details: `
Goes on until it is interrupted (Ctrl-C). Entries are shown once they are durable, within moments; with --url the instance is asked
every five seconds, and each time is an entry itself.
${FILTERS}`,
    options: { ...sourceOptions, ...filterOptions, 'last N (10)': 'so many that are there already', ...jsonOption },
    examples: ['strongroom audit tail', 'strongroom audit tail --outcome refused --json'],
    async run(values, _operands, terminal) {
      const last = readLast(values.last) ?? 0;
      const { source } = open(values, terminal);
      const print = printer(values.json, terminal);
      const before = await source.size();
      for (const found of (await newest(source, last, { before })).reverse()) print(found);
      for await (const found of source.follow(before)) print(found);
      return 0;
    },
  }),
];

function open(
  values: SourceValues,
  terminal: Terminal,
): { readonly filter: AuditFilter; readonly source: AuditSource } {
  const given: GivenFilter = values;
  const filter = explained(() => readFilter(given), { ShapeError: '--' }, UsageError);
  const { url, ca, as, log, management, data } = values;
  if (url !== undefined || as !== undefined) {
    if (log !== undefined || management) {
      const option = url === undefined ? '--as' : '--url';
      throw new UsageError(`${option} asks an instance for its own log: it takes no --log, no --management`);
    }
    const { caller, key, version, operation, outcome, scope, since, until, text } = values;
    const asked = { caller, key, version, operation, outcome, scope, since, until, text };
    return {
      filter,
      source: remoteSource(openInstanceClient({ 'hsm-name': values['hsm-name'], data, url, ca, as }), asked),
    };
  }
  if (ca !== undefined) throw new UsageError('--ca goes with --url');
  const folder = logFolder(values);
  const indexes = log === undefined ? places(dataRootOf(data)).index : undefined;
  const say = (what: string): void => terminal.err(`${oneLine(what)}.\n`);
  return { filter, source: localSource({ folder, indexes, words: logWords(values) }, filter, say) };
}

/** @throws UsageError */
function readLast(last: string | undefined): number | undefined {
  if (last !== undefined && !/^[1-9]\d{0,8}$/.test(last)) throw new UsageError('--last must be a number above 0');
  return last === undefined ? undefined : Number(last);
}

/** @throws UsageError, CommandError where the log has no such entry */
async function rangeOf(index: string | undefined, source: AuditSource): Promise<Omit<SearchRange, 'order'>> {
  if (index === undefined) return {};
  if (!/^\d{1,15}$/.test(index)) throw new UsageError('--index must be a number from 0 on');
  const [from, size] = [Number(index), await source.size()];
  if (from >= size) throw new CommandError(`this log has no entry ${from}: it has ${size}, from 0 on`);
  return { from, before: from + 1 };
}

async function newest(
  source: AuditSource,
  most: number,
  range: Omit<SearchRange, 'order'> = {},
): Promise<FoundEntry[]> {
  const found: FoundEntry[] = [];
  for await (const each of source.search({ order: 'newest', ...range })) {
    found.push(each);
    if (found.length >= most) break;
  }
  return found;
}

function printer(json: boolean, terminal: Terminal) {
  let printed = 0;
  const print = ({ index, entry }: FoundEntry): void => {
    if (!json && printed === 0) terminal.out(`${ENTRY_HEADINGS}\n`);
    printed += 1;
    terminal.out(json ? printableJson({ index, ...entry }, 0) : `${entryLine(index, entry)}\n`);
  };
  /** Nothing may be the answer, or a word that was written wrongly. */
  const ended = async ({ operation }: AuditFilter, source: AuditSource): Promise<number> => {
    if (printed === 0) terminal.err(`${oneLine(await whyNone(operation, source))}\n`);
    return 0;
  };
  return Object.assign(print, { ended });
}

async function whyNone(operation: string | undefined, source: AuditSource): Promise<string> {
  const known = operation === undefined ? [] : await source.operations();
  const operations = new Map(known.map((name) => [name.toLowerCase(), name]));
  const wanted = operation?.toLowerCase() ?? '';
  if (operations.size === 0 || operations.has(wanted))
    return `none of the ${await source.size()} entries of this log fits`;
  const meant = operations.get(nearest(wanted, operations.keys()) ?? '');
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  return `no entry of this log has the operation '${operation}'${hint}`;
}
