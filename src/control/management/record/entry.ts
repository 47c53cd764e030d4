// Entries of the management plane's log: the members of the data plane's, with operation names and resource ids as Azure's
// activity log has them. Tokens are never in it.
import { type ControlCaller, type ControlError, type ControlRequest } from '../../../http/control-row.ts';
import type { AuditEntry } from '../../../links/recorder/audit-log.ts';
import { cut, KEPT_OF_CALLERS, KEPT_OF_STRANGERS, NOBODY, ownEntry } from '../../../links/recorder/entry.ts';
import type { Change } from './changes.ts';
import { askedFor } from './requested-members.ts';

export type Refused = Pick<ControlError, 'status' | 'code' | 'message'>;

/** @param request whose change it is; absent: it was done by itself */
export function changeEntry(change: Change, request: ControlRequest | undefined, records: string): AuditEntry {
  const { operation, detail } = change;
  const ended = operation === undefined || operation.status === 'InProgress' ? undefined : operation.status;
  const { operationName } = change;
  const own = { category: 'Administrative', operationName } as const;
  const base =
    request === undefined
      ? ownEntry(operation === undefined ? own : { ...own, correlationId: operation.id })
      : requestEntry(request);
  return {
    ...base,
    operationName: request !== undefined && isOf(request, change) ? request.visit.operationName : operationName,
    resourceId: change.resourceId.toUpperCase(),
    scope: change.resourceId,
    PoolName: change.hsm,
    ...(ended === 'Failed'
      ? { ...failed('OperationFailed', operation?.problem ?? ''), httpStatusCode: 409 }
      : { resultSignature: ended ?? 'Accepted', httpStatusCode: ended === undefined ? 202 : 200 }),
    properties: {
      ...base.properties,
      ...(operation === undefined ? {} : { operationId: operation.id }),
      detail,
      records,
    },
  };
}

/** What the request names itself; the rest goes along with it. */
function isOf({ path }: ControlRequest, { resourceId }: Change): boolean {
  return `${path}/`.toLowerCase().startsWith(`${resourceId}/`.toLowerCase());
}

export function answerEntry(request: ControlRequest, status: number): AuditEntry {
  return { ...requestEntry(request), httpStatusCode: status };
}

/** @param uncounted throttled requests of the same caller before this one that have no entry */
export function refusalEntry(request: ControlRequest, refusal: Refused, uncounted: number): AuditEntry {
  const { status, code, message } = refusal;
  const entry = requestEntry(request);
  const { body, visit } = request;
  const { caller } = visit;
  const asked = caller === undefined || body === undefined ? undefined : JSON.stringify(askedFor(body));
  return {
    ...entry,
    ...failed(code, cut(message, keptOf(caller) * 2)),
    httpStatusCode: status,
    decision: caller === undefined ? 'unauthenticated' : status === 403 ? 'deny' : 'allow',
    properties: {
      ...entry.properties,
      ...(asked === undefined ? {} : { asked: cut(asked, KEPT_OF_CALLERS) }),
      ...(uncounted === 0 ? {} : { throttledBefore: uncounted }),
    },
  };
}

/** @param records digest of the records that this start found */
export function startEntry(records: string): AuditEntry {
  const operationName = 'Strongroom/managementPlane/start/action';
  return ownEntry({ category: 'Administrative', operationName, properties: { records } });
}

function requestEntry({ headers, origin, path, query, visit }: ControlRequest): AuditEntry {
  const { operationName, requestId, address, caller, startedAt } = visit;
  const kept = keptOf(caller);
  const clientRequestId = headers['x-ms-client-request-id'];
  return ownEntry({
    category: 'Administrative',
    operationName,
    correlationId: requestId,
    resourceId: cut(path, kept).toUpperCase(),
    operationVersion: cut(query.get('api-version') ?? '', 32),
    durationMs: Math.round(performance.now() - startedAt),
    callerIpAddress: address,
    identity: caller?.identityJson ?? NOBODY,
    clientInfo: cut(headers['user-agent'] ?? '', kept),
    requestUri: cut(`${origin}${path}${query.size === 0 ? '' : `?${query.toString()}`}`, kept),
    properties: typeof clientRequestId === 'string' ? { clientRequestId: clientRequestId.slice(0, 100) } : {},
    scope: cut(path, kept),
    decision: 'allow',
  });
}

function failed(code: string, description: string) {
  return { resultType: 'Failed', resultSignature: code, resultDescription: description } as const;
}

function keptOf(caller: ControlCaller | undefined): number {
  return caller === undefined ? KEPT_OF_STRANGERS : KEPT_OF_CALLERS;
}
