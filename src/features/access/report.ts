// The whole answer to "why was this refused": the call as it is on record, why it ended as it did, what the roles say to it
// now, and what somebody could do about it. Words for people; `cause` and `verdict` are for programs.

import type { LoggedCall } from '../audit/logged-call.ts';
import { adviceAfter, adviceBy, adviceOn, type Cause, commandsFor, type ReportParts, type Who } from './advice.ts';
import type { EndedGrants } from './ended-grants.ts';
import type { Explanation } from './explain.ts';

export interface AccessReport {
  readonly trace?: string;
  readonly time?: string;
  readonly cause: Cause;
  readonly answer?: { readonly status: number; readonly code: string; readonly message: string };
  readonly who: Who;
  readonly what: Partial<Pick<LoggedCall, 'operation' | 'dataAction' | 'request'>>;
  readonly where: Partial<Pick<LoggedCall, 'scope' | 'address' | 'networkPath'>>;
  /** By the roles as they are now; absent where they were not asked. */
  readonly explanation?: Explanation | undefined;
  /** What the caller had held before; absent where the call was not refused for want of a role. */
  readonly ended?: EndedGrants | undefined;
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

export function reportOnCall(call: LoggedCall, parts: ReportParts): AccessReport {
  const { trace, time, status, code, innerCode, message, operation, request, dataAction } = call;
  const { scope, address, networkPath } = call;
  const cause = causeOf(call);
  const { explanation, ended } = parts;
  const who: Who = call.caller ?? {};
  const advice = [
    ...adviceOn(cause, call, parts),
    ...adviceAfter(ended),
    ...(explanation === undefined ? [] : adviceBy(explanation, who)),
  ];
  return {
    trace,
    time,
    cause,
    answer: { status, code: innerCode === undefined ? code : `${code}/${innerCode}`, message },
    who,
    what: { operation, request, dataAction },
    where: { scope, address, networkPath },
    explanation,
    ended,
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
