// The audit entry of a call. Refusals are recorded like answers; tokens, bodies and results never are.

import type { Outcome } from '../../http/answer.ts';
import type { Call } from '../../http/call.ts';
import { type Detail, recordedDetail } from '../../http/entry-detail.ts';
import type { AuditEntry } from '../../links/recorder/audit-log.ts';
import { cut, KEPT_OF_CALLERS, KEPT_OF_STRANGERS, NOBODY } from '../../links/recorder/entry.ts';
import { onRecord } from '../../store/sealed/records.ts';
import { originOf } from './address.ts';

export interface RecordedInstance {
  readonly name: string;
  /** ARM id, upper case as the service logs it. */
  readonly resourceId: string;
  /** Seconds that the instance's clock is ahead of real time, which is the time of every entry. */
  readonly clockOffset: () => number;
}

/** Group ids on the entry of a denial. */
const KEPT_GROUPS = 50;

/** @param uncounted throttled requests of this caller before this one that have no entry of their own */
export function auditEntryOf(call: Call, outcome: Outcome, instance: RecordedInstance, uncounted = 0): AuditEntry {
  const { request, row, principal } = call;
  const { refusal, answer } = outcome;
  const head = answer?.head ?? refusal?.head;
  const kept = principal === undefined ? KEPT_OF_STRANGERS : KEPT_OF_CALLERS;
  return {
    time: timeNow(),
    resourceId: instance.resourceId,
    operationName: row?.operationName ?? 'Unknown',
    operationVersion: call.apiVersion,
    category: 'AuditEvent',
    resultType: refusal === undefined ? 'Success' : 'Failed',
    resultSignature: refusal?.code ?? 'OK',
    resultDescription:
      refusal === undefined ? (answer?.note ?? '') : cut(describe(refusal.message, refusal.innerCode), kept * 2),
    durationMs: Math.round(call.stageSince - call.startedAt),
    callerIpAddress: call.peer.address,
    identity: principal?.cacheIdentityJson ?? NOBODY,
    clientInfo: cut(request.headers['user-agent'] ?? '', kept),
    correlationId: call.id,
    httpStatusCode: outcome.status,
    PoolName: instance.name,
    requestUri: cut(call.host === undefined ? (request.url ?? '') : originOf(call) + (request.url ?? ''), kept),
    properties: propertiesOf(call, outcome, instance.clockOffset(), uncounted),
    dataAction: row?.dataAction,
    scope: call.scope,
    decision: decisionOf(call),
    grant: call.grant,
    key: answer?.key,
    storeHead: head && onRecord(head),
  };
}

function propertiesOf(
  call: Call,
  { refusal, answer }: Outcome,
  clockOffset: number,
  uncounted: number,
): AuditEntry['properties'] {
  const { request, peer } = call;
  const { way } = peer;
  const properties: Record<string, unknown> = { PoolType: 'M-HSM' };
  const clientRequestId = request.headers['x-ms-client-request-id'];
  if (typeof clientRequestId === 'string') properties['clientRequestId'] = clientRequestId.slice(0, 100);
  if (clockOffset !== 0) properties['clockOffset'] = clockOffset;
  if (uncounted !== 0) properties['throttledBefore'] = uncounted;
  // The public way, which is the usual one, is not named.
  if (way !== 'public') properties['networkPath'] = way === 'direct' ? way : `private:${way.private}`;
  if (refusal !== undefined) Object.assign(properties, deniedCaller(call));
  const detail = answer?.detail ?? askedOf(call);
  if (detail !== undefined) properties['detail'] = recordedDetail(detail);
  return properties;
}

let lastTime = Number.NaN;
let lastText = '';

/** Many entries are made within one millisecond. */
function timeNow(): string {
  const now = Date.now();
  if (now !== lastTime) {
    lastTime = now;
    lastText = new Date(now).toISOString();
  }
  return lastText;
}

/** What the roles said; a refusal by the rules of the key comes after an allow. */
function decisionOf(call: Call): 'allow' | 'deny' | 'unauthenticated' {
  if (call.principal === undefined) return 'unauthenticated';
  return call.grant === undefined ? 'deny' : 'allow';
}

/** What of its token a denial depended on, so that it can be explained later. */
function deniedCaller(call: Call): Readonly<Record<string, unknown>> {
  const { principal } = call;
  if (principal === undefined || decisionOf(call) !== 'deny') return {};
  const { idType, groups, groupsLeftOut } = principal;
  return {
    callerType: idType,
    groups: groups.slice(0, KEPT_GROUPS),
    groupCount: groups.length,
    ...(groupsLeftOut === true ? { groupsLeftOut } : {}),
  };
}

/** What was asked for, where as much was read of it. */
function askedOf({ row, params, body, grant }: Call): Detail | undefined {
  if (row?.asked === undefined) return undefined;
  const isRead = row.readBody === undefined ? grant !== undefined : body !== undefined;
  return isRead ? row.asked({ params, body }) : undefined;
}

function describe(message: string, innerCode: string | undefined): string {
  return innerCode === undefined ? message : `${innerCode}: ${message}`;
}
