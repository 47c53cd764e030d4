// Who could use a key, for a person at a terminal.
import { having } from '../../../formats/having.ts';
import { printableLine } from '../../../formats/printable.ts';
import { flag, integer, list, type Reader, text } from '../../../formats/shape.ts';
import type { NameOf } from '../../directory.ts';
import { table } from '../../show.ts';

const count = integer(0, Number.MAX_SAFE_INTEGER);
const narrower = having({ dataActions: list(text), scope: text }, { role: text, roleDefinition: text });
const total = having({ count, first: text, last: text, operations: list(text) });
/** Null where it was looked for and not there. */
const orNull =
  <T>(read: Reader<T>): Reader<T | null> =>
  (value, path) =>
    value === null ? null : read(value, path);
const grant = having(
  {
    ...{ principalId: text, assignment: text, role: text, scope: text, inherited: flag, canUse: flag },
    dataActions: list(text),
  },
  {
    ...{ kind: text, since: text, by: text, until: text, reason: text, callers: list(text), narrower },
    ...{ usedHere: orNull(total), used: orNull(total) },
  },
);
export const whoAnswer = having(
  { key: text, grants: list(grant), whoCanGiveRoles: list(text) },
  { looked: having({ days: count, since: text, entries: count, gaveUp: flag, grantsGaveUp: flag }) },
);
export type WhoAnswer = ReturnType<typeof whoAnswer>;
type Grant = WhoAnswer['grants'][number];

/** @param membersOf ids in a group, where the development directory knows it @param all also who cannot use it, but read or change */
export function whoText(
  { key, grants, looked, whoCanGiveRoles }: WhoAnswer,
  nameOf: NameOf,
  membersOf: (group: string) => readonly string[],
  all: boolean,
): string {
  const shown = grants.filter(({ canUse }) => all || canUse);
  const since = (made: string | undefined): string =>
    made ??
    (looked === undefined ? 'not looked at' : `before ${looked.grantsGaveUp ? 'what was read' : day(looked.since)}`);
  const rows = shown.map((each) => [
    nameOf(each.principalId),
    each.kind ?? 'not known',
    `${each.role} at ${each.scope}${each.inherited ? ' (inherited)' : ''}`,
    each.dataActions.map(short).join(' '),
    since(each.since),
    each.until ?? 'no end',
    each.usedHere === undefined ? 'not looked at' : (each.usedHere?.last ?? 'never'),
    marksOf(each).join(', '),
  ]);
  const hidden = grants.length - shown.length;
  const lines = [
    ...(shown.length === 0 ? [`Nobody can use ${key} by a role that is given now.`] : []),
    ...shown.flatMap((each) => membersText(each, nameOf, membersOf)),
    ...shown.flatMap(narrowerText),
    ...(hidden > 0 ? [`${hidden} more can read, change or delete it, and not use it: --all shows them.`] : []),
    `Who could give roles here, also to themselves: ${whoCanGiveRoles.map(nameOf).join(', ') || 'nobody'}.`,
    'Groups come in tokens: who is in one this HSM does not know, and names only those whom the log shows it has let in by it.',
    looked === undefined
      ? 'Use was not looked at: that takes the right to read the log.'
      : `Use is that of the last ${looked.days} days${looked.gaveUp ? `, of which only the newest ${looked.entries} entries were looked at: "never" and "unused" may be wrong` : ''}.`,
  ];
  const head = ['PRINCIPAL', 'KIND', 'BY', 'MAY', 'SINCE', 'UNTIL', 'LAST USED', ''];
  return `${shown.length === 0 ? '' : `${table(head, rows)}\n`}${lines.map(printableLine).join('\n')}\n`;
}

function marksOf({ used, usedHere, narrower }: Grant): readonly string[] {
  if (used === undefined) return [];
  if (used === null) return ['unused'];
  return [
    ...(usedHere === null ? ['used elsewhere alone'] : []),
    ...(narrower === undefined ? [] : ['broader than used']),
  ];
}

function membersText(
  { principalId, kind, callers = [] }: Grant,
  nameOf: NameOf,
  membersOf: (group: string) => readonly string[],
): readonly string[] {
  const members = membersOf(principalId);
  const seen = kind === 'group' || kind === 'Group' || members.length > 0 ? callers : [];
  return [
    ...(members.length > 0
      ? [`In ${nameOf(principalId)}, says the directory: ${members.map(nameOf).join(', ')}.`]
      : []),
    ...(seen.length > 0 ? [`Let in by ${nameOf(principalId)}, says the log: ${seen.map(nameOf).join(', ')}.`] : []),
  ];
}

function narrowerText({ assignment, role, scope, narrower }: Grant): readonly string[] {
  if (narrower === undefined) return [];
  const { role: name, dataActions, scope: at } = narrower;
  const wanted =
    name ??
    `a role of its own: ${JSON.stringify({ roleName: `Narrower than ${role}`, dataActions, assignableScopes: ['/'] })}`;
  return [
    `Instead of ${role} at ${scope} (assignment ${assignment}), at ${at} would have done for what was used: ${wanted}`,
  ];
}

function short(action: string): string {
  return action.replace(/^Microsoft\.KeyVault\/managedHsm\/keys\//, '').replace(/\/action$/, '');
}

function day(time: string): string {
  return time.slice(0, 10);
}
