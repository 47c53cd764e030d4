// `strongroom usage`: who used what, out of the log; of a running instance over its API, else from the files alone.
import { places } from '../../deployment/data-layout.ts';
import { readRunningState } from '../../deployment/running-state.ts';
import { indexPlace } from '../../features/audit/index/index-file.ts';
import { readAsked } from '../../features/usage/rows.ts';
import { openUsage } from '../../features/usage/usage-of.ts';
import {
  type FailureRow,
  type KeyRow,
  type RoleRow,
  type Viewed,
  type VolumeRow,
  viewOf,
} from '../../features/usage/views.ts';
import { having } from '../../formats/having.ts';
import { flag, integer, list, oneOf, type Reader, text } from '../../formats/shape.ts';
import { type Command, command, jsonOption, UsageError } from '../command.ts';
import { counted } from '../counted.ts';
import { type NameOf, principalNames } from '../directory.ts';
import { explained } from '../explained.ts';
import { instanceOptions, openInstanceClient, readAnswer, rootOf } from '../instance-client.ts';
import { table } from '../show.ts';
import { logFolder } from './audit/log-folder.ts';

const count = integer(0, Number.MAX_SAFE_INTEGER);
const times = { count, first: text, last: text };
const common = { since: text, until: text, entries: count, gaveUp: flag, more: flag };
const rowsOf = {
  keys: having({ key: text, version: text, principal: text, operation: text, days: count, ...times }),
  roles: having(
    { time: text, operation: text, outcome: text, administrative: flag },
    { by: text, role: text, principal: text, scope: text, reason: text },
  ),
  failures: having({ operation: text, reason: text, address: text, ...times }, { principal: text }),
  volume: having({ of: text, day: text, count, verdict: oneOf('usual', 'high', 'low', 'not known'), because: text }),
} as const;

export const commands: readonly Command[] = [
  command({
    name: 'usage',
    summary: 'show who used which key how often, what changed in roles, what failed, and what volume was unusual',
    details: `
keys: who used which version, by operation. roles: what changed in roles and assignments, and what was tried. failures: refusals and
failures by caller, operation, reason and address; first calls without a token are left out. volume: each day against the median
of the days of its kind before it, with the reason in a sentence; of single callers and keys what is unusual.
A running instance is asked; where nothing runs, and with --log, the log's files are read, all of the time asked for.`,
    options: {
      'view keys|roles|failures|volume (keys)': 'which view',
      'key NAME[/VERSION]': 'only what was done with this key',
      'principal OID': 'only what this caller did, or had done to its roles',
      'since TIME': 'from then on (default: 30 days before --until)',
      'until TIME': 'before then (default: now)',
      'log FOLDER': "only read this log's folder, and ask no instance",
      ...instanceOptions,
      ...jsonOption,
    },
    examples: [
      'strongroom usage --key tde-root-key',
      'strongroom usage --view failures --since 2026-11-25 --json',
      'strongroom usage --view volume --log /mnt/copy/audit',
    ],
    async run(values, _operands, terminal) {
      const { view, key, principal, since, until, log } = values;
      if (log !== undefined && values.as !== undefined)
        throw new UsageError('--log asks no instance: it takes no --as');
      const given = Object.entries({ view, key, principal, since, until }).filter(
        (each): each is [string, string] => each[1] !== undefined,
      );
      const asked = explained(() => readAsked(new Map(given), Date.now()), { ServiceError: '' }, UsageError);
      const root = log === undefined ? rootOf(values) : undefined;
      const nameOf = await principalNames(root);
      if (log !== undefined || (root !== undefined && readRunningState(root) === undefined)) {
        const folder = logFolder(values);
        terminal.err(`Only the log in ${folder} is read.\n`);
        const indexes = root === undefined ? undefined : places(root).index;
        const place = () => (indexes === undefined ? undefined : indexPlace(indexes, folder));
        return shown(await viewOf(openUsage(folder, { place }), asked), nameOf);
      }
      const client = openInstanceClient(values);
      const path = `/strongroom/v1/usage?${new URLSearchParams(given).toString()}`;
      const row: Reader<Viewed['rows'][number]> = rowsOf[asked.view];
      const read = having({ view: oneOf(asked.view), rows: list(row), ...common });
      return shown(readAnswer(await client.ask('GET', path), client.who, 'view of usage', read), nameOf);
    },
  }),
];

function shown(viewed: Viewed, nameOf: NameOf) {
  const { view, rows, since, until, entries, gaveUp, more } = viewed;
  const [headings, cells] = columnsOf(viewed, nameOf);
  const looked = gaveUp
    ? `; only the newest ${counted(entries, 'entry', 'entries')} were looked at, there are older ones of that time`
    : '';
  const hint = `${view}, ${since} to ${until}${looked}${more ? `; the first ${rows.length} rows, there are more: ask for less` : ''}.\n`;
  return { json: viewed, text: cells.length === 0 ? 'nothing\n' : table(headings, cells), hint };
}

function columnsOf(
  { view, rows }: Viewed,
  nameOf: NameOf,
): readonly [readonly string[], readonly (readonly string[])[]] {
  const who = (id: string | undefined): string => (id === undefined ? '-' : nameOf(id));
  switch (view) {
    case 'keys':
      return [
        ['KEY', 'VERSION', 'PRINCIPAL', 'OPERATION', 'TIMES', 'DAYS', 'FIRST', 'LAST'],
        (rows as readonly KeyRow[]).map((row) => [
          ...[row.key, row.version, who(row.principal), row.operation],
          ...[String(row.count), String(row.days), row.first, row.last],
        ]),
      ];
    case 'roles':
      return [
        ['TIME', 'OPERATION', 'BY', 'ROLE', 'PRINCIPAL', 'SCOPE', 'OUTCOME', ''],
        (rows as readonly RoleRow[]).map((row) => [
          ...[row.time, row.operation, who(row.by), row.role ?? '-', who(row.principal), row.scope ?? '-', row.outcome],
          row.administrative ? 'administrative' : '',
        ]),
      ];
    case 'failures':
      return [
        ['PRINCIPAL', 'OPERATION', 'REASON', 'ADDRESS', 'TIMES', 'FIRST', 'LAST'],
        (rows as readonly FailureRow[]).map((row) => [
          ...[who(row.principal), row.operation, row.reason, row.address || '-'],
          ...[String(row.count), row.first, row.last],
        ]),
      ];
    case 'volume':
      return [
        ['OF', 'DAY', 'VERDICT', 'BECAUSE'],
        (rows as readonly VolumeRow[]).map((row) => [nameOf(row.of), row.day, row.verdict, row.because]),
      ];
  }
}
