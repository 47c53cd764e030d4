// The rows of usage: the views, for those who may read the log; and who used a key, for those who may take it from them, who are told
// the same by a refusal.
import { isGuid } from '../../formats/guid.ts';
import { isoTime } from '../../formats/iso-time.ts';
import { type AnyRow, row } from '../../http/route.ts';
import { badParameter } from '../../http/service-error.ts';
import type { ReadingTurns } from '../audit/reading-turns.ts';
import { requireKey } from '../keys/find-key.ts';
import type { KeyIndex } from '../keys/key-index.ts';
import { dataAction } from '../roles/data-actions.ts';
import type { Roles } from '../roles/evaluate.ts';
import { keyScope, ROOT_SCOPE } from '../roles/scope.ts';
import { dayOf, type Guarding } from './retirement-guard.ts';
import type { Usage } from './usage-of.ts';
import { dependencesIn } from './uses.ts';
import { type Asked, VIEWS, viewOf } from './views.ts';

export interface UsageService extends Pick<Guarding, 'settings' | 'systemNow'> {
  readonly keys: KeyIndex;
  readonly roles: Pick<Roles, 'isAllowed'>;
  readonly usage: Usage;
  readonly readingTurns: ReadingTurns;
}

const READ_LOG = dataAction('strongroom/audit/read/action');
const MOST_DAYS = 3650;
const DAY = 86_400;

export function usageRows({ keys, roles, usage, readingTurns, settings, systemNow }: UsageService): readonly AnyRow[] {
  return [
    row({
      method: 'GET',
      path: '/strongroom/v1/usage',
      operationName: 'UsageGet',
      dataAction: READ_LOG,
      // Who may be told why a call was refused may be told of all of them.
      alsoAllows: (_, principal) => roles.isAllowed(principal, dataAction('settings/read/action'), ROOT_SCOPE)?.grant,
      scope: 'root',
      activation: 'any',
      async handle({ query, principal }) {
        const asked = readAsked(query, systemNow() * 1000);
        const readsLog = roles.isAllowed(principal, READ_LOG, ROOT_SCOPE) !== undefined;
        return { status: 200, body: await readingTurns.take(principal.oid, () => viewOf(usage, asked), { readsLog }) };
      },
    }),
    row({
      method: 'GET',
      path: '/strongroom/v1/keys/:name/dependants',
      operationName: 'KeyDependantsGet',
      dataAction: dataAction('keys/delete'),
      // Who may read the log reads the same there.
      alsoAllows: ({ name = '' }, principal) =>
        (
          roles.isAllowed(principal, dataAction('keys/write/action'), keyScope(name)) ??
          roles.isAllowed(principal, dataAction('strongroom/audit/read/action'), ROOT_SCOPE)
        )?.grant,
      scope: 'key',
      async handle(request) {
        const { name } = requireKey(keys, request);
        const days = readDays(request.query.get('days'), settings.number('StrongroomRetirementGuardDays'));
        const since = isoTime(systemNow() - days * DAY);
        const { uses, entries, gaveUp } = await readingTurns.take(request.principal.oid, () =>
          usage.uses(dayOf(since)),
        );
        const dependants = dependencesIn(uses, name).filter(({ last }) => last >= since);
        const current = keys.find(name)?.version;
        const versions = keys.versions(name).map(({ version, attributes: { enabled, created } }) => ({
          version,
          current: version === current,
          enabled,
          created: isoTime(created),
          dependants: dependants
            .filter((each) => each.version === version)
            .map(({ principal, operation, count, first, last }) => ({ principal, operation, count, first, last })),
        }));
        const guard = settings.value('StrongroomRetirementGuard');
        return { status: 200, body: { name, days, since, guard, entries, gaveUp, versions } };
      },
    }),
  ];
}

/** What the parameters of a request ask for, and the options of the command. @throws ServiceError BadParameter */
export function readAsked(query: ReadonlyMap<string, string>, nowMs: number): Asked {
  const wanted = query.get('view') ?? 'keys';
  const view = VIEWS.find((each) => each === wanted);
  if (view === undefined) throw badParameter(`view must be one of ${VIEWS.join(', ')}`);
  const [, name, version] = /^([0-9a-zA-Z-]{1,127})(?:\/([0-9a-f]{32}))?$/.exec(query.get('key') ?? '') ?? [];
  if (query.has('key') && name === undefined) throw badParameter('key must be NAME or NAME/VERSION');
  const principal = query.get('principal');
  if (principal !== undefined && !isGuid(principal)) throw badParameter('principal must be an object id (a GUID)');
  const until = timeIn('until', query) ?? nowMs;
  const since = timeIn('since', query) ?? until - 30 * DAY * 1000;
  if (since >= until) throw badParameter('since must be before until');
  if (view === 'volume' && until - since > MOST_JUDGED_DAYS * DAY * 1000) {
    throw badParameter(`The volume is judged of ${MOST_JUDGED_DAYS} days at most`);
  }
  return { view, name, version, principal: principal?.toLowerCase(), since, until };
}

const MOST_JUDGED_DAYS = 92;

function timeIn(name: string, query: ReadonlyMap<string, string>): number | undefined {
  const text = query.get(name);
  if (text === undefined) return undefined;
  const time = /^\d{4}-\d\d-\d\d(T|$)/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw badParameter(`${name} must be a time such as 2026-11-25 or 2026-11-25T08:00:00Z`);
  return time;
}

/** @throws ServiceError BadParameter */
export function readDays(text: string | undefined, absent: number): number {
  if (text === undefined) return absent;
  const days = Number(text);
  if (/^\d{1,4}$/.test(text) && days >= 1 && days <= MOST_DAYS) return days;
  throw badParameter(`days must be a whole number from 1 to ${MOST_DAYS}`);
}
