// The rows that explain access: why a call was refused, whether a principal may do something, and whom proposed network rules
// would cut off. What the roles say is for those who may read the assignments there; what the log says of others, which every user of
// keys could read otherwise, for those who may read the settings. Nobody else learns anything from them.
import { isGuid } from '../../formats/guid.ts';
import { isoTime } from '../../formats/iso-time.ts';
import { type NetworkRules, rulesAfter } from '../../formats/network-rules.ts';
import { ownCommand } from '../../formats/own-command.ts';
import { type Answer, type AnyRow, type Row, row } from '../../http/route.ts';
import { badParameter, ServiceError } from '../../http/service-error.ts';
import type { LoggedCall } from '../audit/logged-call.ts';
import type { ReadingTurns } from '../audit/reading-turns.ts';
import { requireKey } from '../keys/find-key.ts';
import type { KeyIndex } from '../keys/key-index.ts';
import { requireKeyName } from '../keys/key-name.ts';
import type { ArrivingPeer, Refusal } from '../network-rules/admission.ts';
import { part } from '../part.ts';
import { type DataAction, dataAction, findDataAction } from '../roles/data-actions.ts';
import type { Roles } from '../roles/evaluate.ts';
import type { RoleAssignment } from '../roles/role-records.ts';
import { covers, KEYS_SCOPE, keyScope, parseScope, ROOT_SCOPE, type Scope } from '../roles/scope.ts';
import { dayOf } from '../usage/retirement-guard.ts';
import { readDays } from '../usage/rows.ts';
import type { Usage } from '../usage/usage-of.ts';
import type { Who } from './advice.ts';
import { connectionPathOf, cutOffBy, planFor } from './callers.ts';
import { endedBefore } from './ended-grants.ts';
import { type Explanation, explainAccess, type Question, whoCanGrant } from './explain.ts';
import { findCall } from './find-entry.ts';
import { readCheckBody, readPlanBody } from './read-bodies.ts';
import { causeOf, reportOnCall, reportOnQuestion } from './report.ts';
import { addMade, type MadeGrant, whoCan } from './who.ts';

interface AccessService {
  readonly roles: Roles;
  readonly keys: KeyIndex;
  readonly config: { readonly name: string };
  /** Folder of the instance's log. */
  readonly places: { readonly audit: string };
  /** The network rules as they are now. */
  readonly network: { readonly current: NetworkRules; judge(peer: ArrivingPeer): Refusal | undefined };
  /** The data action that an operation needs, by the name that the log has for it. */
  readonly actionOf: (operation: string) => string | undefined;
  readonly usage: Usage;
  readonly readingTurns: ReadingTurns;
  /** Unix seconds. */
  readonly systemNow: () => number;
}

/** Entries that a request makes a worker look at; whoever has the files looks at all of them. */
const MOST_ENTRIES = 100 * 1024;
const READ = dataAction('roleAssignments/read/action');
const GIVE = dataAction('roleAssignments/write/action');
const READ_SETTINGS = dataAction('settings/read/action');
const AUDIT = dataAction('strongroom/audit/read/action');
/** Who may know what others did. */
const READ_LOG = [AUDIT, READ_SETTINGS];

export function accessRows({
  roles,
  keys,
  config,
  places,
  network,
  actionOf,
  usage,
  readingTurns,
  systemNow,
}: AccessService): readonly AnyRow[] {
  const common = { dataAction: READ, activation: 'any', repeatable: true } as const;

  /** What the one who asks may see of an assignment: those in force where it reads, and those it could read at their own scope. */
  const seenBy =
    (principal: Parameters<Roles['isAllowed']>[0], at: Scope) =>
    ({ scope }: RoleAssignment): boolean =>
      covers(scope, at) || roles.isAllowed(principal, READ, scope) !== undefined;

  const check = (path: string, scope: Row['scope'], of: (name: string | undefined) => Scope): AnyRow =>
    row({
      ...common,
      method: 'POST',
      path,
      scope,
      operationName: 'AccessCheck',
      readBody: (body) => readCheckBody(body, actionOf),
      handle({ params, body: { who, action }, principal }): Answer {
        const at = of(params['name']);
        const explanation = explainAccess(questionOf(who, action, at), roles, seenBy(principal, at));
        const asked = { dataAction: action, scope: at.path };
        return { status: 200, body: reportOnQuestion(who, asked, explanation, config.name) };
      },
    });

  return [
    check('/access/check', 'root', () => ROOT_SCOPE),
    check('/access/check/keys', 'keys', () => KEYS_SCOPE),
    check('/access/check/keys/:name', 'key', (name) => keyScope(requireKeyName(name))),
    row({
      ...common,
      // Who may read the log reads there who was given which role.
      alsoAllows: (_params, principal) => roles.isAllowed(principal, AUDIT, ROOT_SCOPE)?.grant,
      method: 'GET',
      path: '/access/who/keys/:name',
      scope: 'key',
      operationName: 'AccessWho',
      async handle(request) {
        const { query, principal } = request;
        const { name } = requireKey(keys, request);
        const days = readDays(query.get('days'), 90);
        const since = isoTime(systemNow() - days * 86_400);
        const isReader = READ_LOG.some((right) => roles.isAllowed(principal, right, ROOT_SCOPE) !== undefined);
        const log = isReader ? await readingTurns.take(principal.oid, () => usedSince(usage, since)) : undefined;
        const grants = whoCan(name, roles, log);
        const whoCanGiveRoles = whoCanGrant({ scope: keyScope(name), principalId: '' }, roles);
        const looked = log && { days, since, entries: log.entries, gaveUp: log.gaveUp, grantsGaveUp: log.grantsGaveUp };
        return { status: 200, body: { key: name, looked, grants, whoCanGiveRoles } };
      },
    }),
    row({
      ...common,
      dataAction: READ_SETTINGS,
      // Whom it is for: they could give the role that it finds missing.
      alsoAllows: (_params, principal) => roles.isAllowed(principal, GIVE, ROOT_SCOPE)?.grant,
      method: 'GET',
      path: '/access/explanations/:trace',
      scope: 'root',
      operationName: 'AccessExplain',
      async handle({ params, principal }) {
        const trace = params['trace'] ?? '';
        if (!isGuid(trace)) throw badParameter('A trace is the GUID that a refusal names');
        const { call, ended } = await readingTurns.take(principal.oid, async () => {
          const { call, searched, gaveUp } = await findCall(places.audit, trace, MOST_ENTRIES);
          if (call === undefined) throw notFound(trace, config.name, searched, gaveUp);
          if (causeOf(call) !== 'NoRole') return { call };
          const action = findDataAction(call.dataAction ?? '');
          return { call, ended: await endedBefore(places.audit, call, action, roles) };
        });
        const explanation = explanationOf(call, roles);
        const isAdmittedNow =
          network.judge({ address: call.address, way: connectionPathOf(call.networkPath) }) === undefined;
        return { status: 200, body: reportOnCall(call, { instance: config.name, explanation, ended, isAdmittedNow }) };
      },
    }),
    row({
      ...common,
      dataAction: READ_SETTINGS,
      method: 'POST',
      path: '/access/network-plan',
      scope: 'root',
      operationName: 'AccessNetworkPlan',
      readBody: readPlanBody,
      async handle({ body, peer, principal }) {
        const rules = rulesAfter(network.current, body.rules);
        const plan = await readingTurns.take(principal.oid, () =>
          planFor(places.audit, rules, body.days, Date.now(), MOST_ENTRIES),
        );
        const { cutOff, admitted, ...seen } = plan;
        const own = {
          address: peer.address,
          networkPath: typeof peer.way === 'object' ? `private:${peer.way.private}` : peer.way,
        };
        const isCutOff = cutOffBy(rules, [{ ...own, principals: [], calls: 0, lastSeen: '' }]).length > 0;
        return {
          status: 200,
          body: { ...seen, you: { objectId: principal.oid, ...own, isCutOff }, cutOff, admitted },
        };
      },
    }),
  ];
}

/** By which rights who did what, and which of them were given in that time. */
async function usedSince(usage: Usage, since: string) {
  const made = new Map<string, MadeGrant>();
  const { uses, entries, gaveUp } = await usage.uses(dayOf(since));
  const given = await usage.calls({ since }, (call) => addMade(made, call));
  return { entries, gaveUp, uses, made, grantsGaveUp: given.gaveUp };
}

/** What the roles say now to what the call asked then; nothing where it did not come to that. */
function explanationOf(call: LoggedCall, roles: Roles): Explanation | undefined {
  const cause = causeOf(call);
  const action = call.dataAction === undefined ? undefined : findDataAction(call.dataAction);
  if (cause !== 'NoRole' || call.caller === undefined || action === undefined || call.scope === undefined)
    return undefined;
  return explainAccess(questionOf(call.caller, action, parseScope(call.scope)), roles);
}

function questionOf(who: Who, action: DataAction, scope: Scope): Question {
  const { objectId: principalId = '', groups = [], type: idType, applicationId } = who;
  return { principalId, groups, applicationId, idType, dataAction: action, scope };
}

function notFound(trace: string, instance: string, searched: number, gaveUp: boolean): ServiceError {
  const more = gaveUp
    ? `; older ones are found at the machine itself: ${ownCommand(`access explain ${trace} --hsm-name ${instance}`)}`
    : '. Calls to an HSM that is locked, and to the management plane, are not in its log';
  return new ServiceError(
    'NotFound',
    `No call with the trace ${trace} is among the newest ${searched} entries of the log${more}`,
  );
}

export const access = part({ serve: (service: AccessService) => ({ rows: accessRows(service) }) });
