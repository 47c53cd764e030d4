// Who used a key, before it is taken from them: for those who may take it, who are told the same by a refusal.
import { isoTime } from '../../formats/iso-time.ts';
import { type AnyRow, row } from '../../http/route.ts';
import { badParameter } from '../../http/service-error.ts';
import { requireKey } from '../keys/find-key.ts';
import type { KeyIndex } from '../keys/key-index.ts';
import { dataAction } from '../roles/data-actions.ts';
import type { Roles } from '../roles/evaluate.ts';
import { keyScope } from '../roles/scope.ts';
import { dependantsIn } from './dependants.ts';
import type { Guarding } from './retirement-guard.ts';
import type { Usage } from './usage-of.ts';

export interface UsageService extends Pick<Guarding, 'settings' | 'systemNow'> {
  readonly keys: KeyIndex;
  readonly roles: Pick<Roles, 'isAllowed'>;
  readonly usage: Pick<Usage, 'usesOf'>;
}

const MOST_DAYS = 3650;
const DAY = 86_400;

export function usageRows({ keys, roles, usage, settings, systemNow }: UsageService): readonly AnyRow[] {
  return [
    row({
      method: 'GET',
      path: '/strongroom/v1/keys/:name/dependants',
      operationName: 'KeyDependantsGet',
      dataAction: dataAction('keys/delete'),
      alsoAllows: ({ name = '' }, principal) =>
        roles.isAllowed(principal, dataAction('keys/write/action'), keyScope(name))?.grant,
      scope: 'key',
      async handle(request) {
        const { name } = requireKey(keys, request);
        const days = readDays(request.query.get('days'), settings.number('StrongroomRetirementGuardDays'));
        const since = isoTime(systemNow() - days * DAY);
        const { uses, entries, gaveUp } = await usage.usesOf({ name, since });
        const dependants = dependantsIn(uses).filter(({ last }) => last >= since);
        const current = keys.find(name)?.version;
        const versions = keys.versions(name).map(({ version, attributes: { enabled, created } }) => ({
          version,
          current: version === current,
          enabled,
          created: isoTime(created),
          dependants: dependants.filter((each) => each.version === version).map(({ version: _, ...rest }) => rest),
        }));
        const guard = settings.value('StrongroomRetirementGuard');
        return { status: 200, body: { name, days, since, guard, entries, gaveUp, versions } };
      },
    }),
  ];
}

/** @throws ServiceError BadParameter */
export function readDays(text: string | undefined, absent: number): number {
  if (text === undefined) return absent;
  const days = Number(text);
  if (/^\d{1,4}$/.test(text) && days >= 1 && days <= MOST_DAYS) return days;
  throw badParameter(`days must be a whole number from 1 to ${MOST_DAYS}`);
}
