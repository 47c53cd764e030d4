// What somebody could do about a refusal, in words, and as a command that can be pasted.

import { ownCommand } from '../../formats/own-command.ts';
import type { LoggedCall, LoggedCaller } from '../audit/logged-call.ts';
import type { EndedGrants } from './ended-grants.ts';
import type { Explanation } from './explain.ts';

export type Cause =
  | 'Allowed'
  | 'NoRole'
  | 'NetworkRules'
  | 'NotAuthenticated'
  | 'NotActivated'
  | 'RestoreInProgress'
  | 'RefusedByRule'
  | 'Throttled'
  | 'NotAboutAccess';

/** Without an object id: who called is not known, because nobody had proven it yet. */
export type Who = Partial<LoggedCaller>;

export interface ReportParts {
  readonly instance: string;
  readonly explanation?: Explanation | undefined;
  readonly ended?: EndedGrants | undefined;
  /** What the network rules say now to the peer of the call; absent: nobody asked them. */
  readonly isAdmittedNow?: boolean;
}

export function adviceOn(
  cause: Cause,
  call: LoggedCall,
  { explanation, isAdmittedNow, instance }: ReportParts,
): readonly string[] {
  switch (cause) {
    case 'Allowed':
      return [`It was allowed, by the assignment ${call.grant ?? ''}.`];
    case 'NoRole':
      return explanation?.decision === 'allow'
        ? ['It was denied then; the roles have changed, and it is allowed now.']
        : [];
    case 'NetworkRules':
      return [
        'The network rules turned the connection away before any token was looked at: who called is not known, and no role was asked.',
        isAdmittedNow === true
          ? 'The rules have changed since: this address is let in now.'
          : `Rules are the management plane’s: try the change with ${ownCommand(`network plan ${instance}`)} first.`,
      ];
    case 'NotAuthenticated':
      return ['The token was missing or not good for this HSM; the message says which. No role was asked.'];
    case 'NotActivated':
      return ['The security domain has not been taken yet. Until then nothing but that works, whatever role is held.'];
    case 'RestoreInProgress':
      return ['A full restore was replacing everything; nothing but its status is answered until it has ended.'];
    case 'RefusedByRule':
      return [
        call.grant === undefined
          ? 'Not the roles refused it, but a rule of the operation; the message says which.'
          : `A role allows it (the assignment ${call.grant}); what refused is a rule of the key or of the operation, and no further role changes that.`,
      ];
    case 'Throttled':
      return ['There were too many requests; that is no matter of roles.'];
    case 'NotAboutAccess':
      return ['It was not refused for want of a right.'];
  }
}

/** What the caller had, and had no more. */
export function adviceAfter(ended: EndedGrants | undefined): readonly string[] {
  const latest = ended?.grants.find(({ wouldAllow }) => wouldAllow === true);
  if (latest === undefined) return [];
  const { role, scope, how, at } = latest;
  const end = how === 'expired' ? 'had come to its end' : 'had been taken away';
  return [`A grant that would have allowed it ${end} before: ${role} at ${scope}, at ${at}.`];
}

export function adviceBy(
  { decision, considered, nearest, whoCanGrant, onlyPeopleGrant, grant, forClientId }: Explanation,
  who: Who,
): readonly string[] {
  const has = (wanted: string): boolean => considered.some(({ verdict }) => verdict === wanted);
  const { type, objectId = '', groupsLeftOut, groups = [], groupCount = groups.length } = who;
  if (decision === 'allow') return [`By the roles as they are now it is allowed, by the assignment ${grant ?? ''}.`];
  const granters = `${whoCanGrant.join(', ')}${onlyPeopleGrant ? ', those of them that are people' : ''}`;
  return [
    has('expired') && 'An assignment that would do has ended; it has to be given anew.',
    (has('withheldFromApplications') || (nearest === undefined && type === 'app')) &&
      'Duties are separated here: an application administers nothing, whatever role it holds. A person has to do this.',
    forClientId !== undefined &&
      `The assignment ${forClientId} is for the client id of the caller’s application, which holds no roles; assign to its object id ${objectId}.`,
    groupsLeftOut === true &&
      'The issuer left the groups out of the token because there are too many, so roles held through a group did not count: let it send only the groups assigned to the application, or give the role to the caller itself.',
    groupCount > groups.length &&
      `The record keeps the first ${groups.length} of ${groupCount} groups; this explanation knows no others.`,
    nearest !== undefined && `The nearest role that would do: ${nearest.role} at ${nearest.scope}.`,
    whoCanGrant.length === 0
      ? 'Nobody that may be named here can give a role there.'
      : `Roles there can be given by: ${granters}.`,
  ].filter((line) => line !== false);
}

const TYPES = { app: 'ServicePrincipal', user: 'User' } as const;

/** Nothing that came from outside goes into a command but names that have been checked to be ids. */
export function commandsFor(
  { nearest, onlyPeopleGrant }: Explanation,
  { objectId, type }: Who,
  instance: string,
): readonly string[] {
  if (nearest === undefined || objectId === undefined) return [];
  const kind = type === undefined ? '' : ` --assignee-principal-type ${TYPES[type]}`;
  // A custom role may be called anything; its id is safe in a shell.
  const role = /^[\w .-]+$/.test(nearest.role) ? `"${nearest.role}"` : nearest.roleDefinition;
  return [
    // Where duties are separated a grant without a reason is refused.
    ...(onlyPeopleGrant ? [`eval "$(${ownCommand(`reason 'why'`)})"`] : []),
    `az keyvault role assignment create --hsm-name ${instance} --role ${role} --assignee-object-id ${objectId}${kind} --scope ${nearest.scope}`,
  ];
}
