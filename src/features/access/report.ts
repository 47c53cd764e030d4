// The whole answer to "why was this refused": the call as it is on record, why it ended as it did, what the roles say to it
// now, and what somebody could do about it. Words for people; `cause` and `verdict` are for programs.
import type { Explanation } from './explain.ts';
import type { LoggedCall } from './logged-call.ts';

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

export interface Who {
  /** Absent: who called is not known, because nobody had proven it yet. */
  readonly objectId?: string;
  readonly applicationId?: string;
  readonly userName?: string;
  readonly type?: 'app' | 'user';
  readonly groups?: readonly string[];
  readonly groupCount?: number;
  readonly groupsLeftOut?: boolean;
}

export interface AccessReport {
  readonly trace?: string;
  readonly time?: string;
  readonly cause: Cause;
  readonly answer?: { readonly status: number; readonly code: string; readonly message: string };
  readonly who: Who;
  readonly what: { readonly operation?: string; readonly dataAction?: string; readonly request?: string };
  readonly where: { readonly scope?: string; readonly address?: string; readonly networkPath?: string };
  /** By the roles as they are now; absent where they were not asked. */
  readonly explanation?: Explanation;
  readonly advice: readonly string[];
  readonly commands: readonly string[];
}

export function causeOf({ status, code, innerCode, decision, caller }: LoggedCall): Cause {
  if (status === 401) return 'NotAuthenticated';
  if (status === 429) return 'Throttled';
  if (innerCode === 'ForbiddenByFirewall') return 'NetworkRules';
  if (innerCode === 'NotActivated') return 'NotActivated';
  if (innerCode === 'RestoreInProgress') return 'RestoreInProgress';
  if (code === 'AccessDenied' && decision !== 'allow' && caller !== undefined) return 'NoRole';
  if (status === 403) return 'RefusedByRule';
  return decision === 'allow' && status < 400 ? 'Allowed' : 'NotAboutAccess';
}

export interface ReportParts {
  readonly instance: string;
  readonly explanation?: Explanation;
  /** What the network rules say now to the peer of the call; absent: nobody asked them. */
  readonly isAdmittedNow?: boolean;
}

export function reportOnCall(call: LoggedCall, parts: ReportParts): AccessReport {
  const { trace, time, status, code, innerCode, message, caller, operation, request, dataAction, scope } = call;
  const cause = causeOf(call);
  const { explanation } = parts;
  const who: Who = caller ?? {};
  const advice = [...adviceOn(cause, call, parts), ...(explanation === undefined ? [] : adviceBy(explanation, who))];
  return {
    trace,
    time,
    cause,
    answer: { status, code: innerCode === undefined ? code : `${code}/${innerCode}`, message },
    who,
    what: { operation, request, ...(dataAction === undefined ? {} : { dataAction }) },
    where: {
      ...(scope === undefined ? {} : { scope }),
      address: call.address,
      ...(call.networkPath === undefined ? {} : { networkPath: call.networkPath }),
    },
    ...(explanation === undefined ? {} : { explanation }),
    advice,
    commands: explanation === undefined ? [] : commandsFor(explanation, who, parts.instance),
  };
}

export function reportOnQuestion(
  who: Who,
  asked: { readonly dataAction: string; readonly scope: string },
  explanation: Explanation,
  instance: string,
): AccessReport {
  return {
    cause: explanation.decision === 'allow' ? 'Allowed' : 'NoRole',
    who,
    what: { dataAction: asked.dataAction },
    where: { scope: asked.scope },
    explanation,
    advice: adviceBy(explanation, who),
    commands: commandsFor(explanation, who, instance),
  };
}

function adviceOn(cause: Cause, call: LoggedCall, { explanation, isAdmittedNow }: ReportParts): readonly string[] {
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
          : 'Rules are the management plane’s: try the change with strongroom network plan first.',
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

function adviceBy({ decision, considered, nearest, whoCanGrant, grant }: Explanation, who: Who): readonly string[] {
  const has = (wanted: string): boolean => considered.some(({ verdict }) => verdict === wanted);
  const groups = who.groups?.length ?? 0;
  if (decision === 'allow') return [`By the roles as they are now it is allowed, by the assignment ${grant ?? ''}.`];
  return [
    ...(has('expired') ? ['An assignment that would do has ended; it has to be given anew.'] : []),
    ...(has('withheldFromApplications') || (nearest === undefined && who.type === 'app')
      ? [
          'Duties are separated here: an application administers nothing, whatever role it holds. A person has to do this.',
        ]
      : []),
    ...(who.groupsLeftOut === true
      ? [
          'The issuer left the groups out of the token because there are too many, so roles held through a group did not count: let it send only the groups assigned to the application, or give the role to the caller itself.',
        ]
      : []),
    ...((who.groupCount ?? groups) > groups
      ? [`The record keeps the first ${groups} of ${who.groupCount ?? 0} groups; this explanation knows no others.`]
      : []),
    ...(nearest === undefined ? [] : [`The nearest role that would do: ${nearest.role} at ${nearest.scope}.`]),
    whoCanGrant.length === 0
      ? 'Nobody that may be named here can give a role there.'
      : `Roles there can be given by: ${whoCanGrant.join(', ')}.`,
  ];
}

const TYPES = { app: 'ServicePrincipal', user: 'User' } as const;

/** Nothing that came from outside goes into a command but names that have been checked to be ids. */
function commandsFor({ nearest }: Explanation, { objectId, type }: Who, instance: string): readonly string[] {
  if (nearest === undefined || objectId === undefined) return [];
  const kind = type === undefined ? '' : ` --assignee-principal-type ${TYPES[type]}`;
  // A custom role may be called anything; its id is safe in a shell.
  const role = /^[\w .-]+$/.test(nearest.role) ? `"${nearest.role}"` : nearest.roleDefinition;
  return [
    `az keyvault role assignment create --hsm-name ${instance} --role ${role} --assignee-object-id ${objectId}${kind} --scope ${nearest.scope}`,
  ];
}
