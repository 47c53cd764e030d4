// The text of an audit entry: its fields in one fixed order, never longer than the log takes. What a caller can make
// long is cut, and says so; what the record is about never is.
import { randomUUID } from 'node:crypto';
import { MAX_ENTRY } from '../../formats/tlog-tiles.ts';
import { type AuditEntry, AuditError } from './audit-log.ts';

/**
 * Characters kept of what a caller can make long. The log is kept for ever, so a stranger must not be able to fill it by
 * the megabyte; who has proven who they are is shown more of.
 */
export const KEPT_OF_STRANGERS = 256;
export const KEPT_OF_CALLERS = 2048;

/** Who is told of an act that nobody asked for. */
export const NOBODY = '{"claim":{}}';

/** The entry of what is done without a request, or the beginning of that of one. */
export function ownEntry(own: Partial<AuditEntry> & Pick<AuditEntry, 'category' | 'operationName'>): AuditEntry {
  return {
    time: new Date().toISOString(),
    resourceId: '',
    operationVersion: '',
    resultType: 'Success',
    resultSignature: 'OK',
    resultDescription: '',
    durationMs: 0,
    callerIpAddress: '',
    identity: NOBODY,
    clientInfo: 'strongroom',
    correlationId: randomUUID(),
    httpStatusCode: 0,
    PoolName: '',
    requestUri: '',
    properties: {},
    ...own,
  };
}

/** Characters that stay of a caller's own texts when an entry is too long, and whether its detail does: at first, and when that is not enough. */
const CUTS = [
  [4096, true],
  [512, true],
  [512, false],
] as const;

/** @throws AuditError when the entry does not fit even with the caller's own texts cut */
export function auditEntryJson(entry: AuditEntry): string {
  const text = entryText(entry);
  if (fits(text)) return text;
  for (const [length, keepsDetail] of CUTS) {
    const shorter = entryText({
      ...entry,
      properties: keepsDetail ? entry.properties : withoutDetail(entry.properties),
      clientInfo: cut(entry.clientInfo, length),
      requestUri: cut(entry.requestUri, length),
      resultDescription: cut(entry.resultDescription, length),
      correlationId: cut(entry.correlationId, length),
      identity: cutIdentity(entry.identity, length),
    });
    if (fits(shorter)) return shorter;
  }
  throw new AuditError(`an audit entry of ${entry.operationName} is longer than ${MAX_ENTRY} bytes`);
}

/**
 * What `JSON.stringify` makes of the members in this order, in a fraction of its time: every request pays for it. What the entries of
 * one caller and target have in common is made once.
 */
function entryText(entry: AuditEntry): string {
  let common = made.get(entry.requestUri);
  if (common === undefined || !isOf(common.shared, entry)) {
    common = makeCommon(entry);
    if (made.size >= MOST_MADE) made.clear();
    if (entry.decision === 'allow' && entry.requestUri.length <= LONGEST_MADE) made.set(entry.requestUri, common);
  }
  return (
    `{"time":${quoted(entry.time)}${common.operation}${quoted(entry.resultDescription)},"durationMs":${entry.durationMs}` +
    `${common.caller}${quoted(entry.correlationId)}${common.target}${JSON.stringify(entry.properties)}${common.right}` +
    `${entry.storeHead === undefined ? '' : `,"storeHead":${JSON.stringify(entry.storeHead)}`}}`
  );
}

/** All but what each request has of its own. */
type Shared = Omit<
  AuditEntry,
  'time' | 'resultDescription' | 'durationMs' | 'correlationId' | 'properties' | 'storeHead'
>;
type Common = ReturnType<typeof makeCommon>;

/** By target, of callers who are let in: who asks for the same again and again. */
const made = new Map<string, Common>();
const MOST_MADE = 1024;
const LONGEST_MADE = 512;

function makeCommon({
  time,
  resultDescription,
  durationMs,
  correlationId,
  properties,
  storeHead,
  ...shared
}: AuditEntry) {
  return {
    shared: shared satisfies Shared,
    operation:
      `,"resourceId":${quoted(shared.resourceId)},"operationName":${quoted(shared.operationName)}` +
      `,"operationVersion":${quoted(shared.operationVersion)},"category":"${shared.category}"` +
      `,"resultType":"${shared.resultType}","resultSignature":${quoted(shared.resultSignature)},"resultDescription":`,
    caller:
      `,"callerIpAddress":${quoted(shared.callerIpAddress)},"identity":${JSON.stringify(shared.identity)}` +
      `,"clientInfo":${quoted(shared.clientInfo)},"correlationId":`,
    target:
      `,"httpStatusCode":${shared.httpStatusCode},"PoolName":${quoted(shared.PoolName)}` +
      `,"requestUri":${quoted(shared.requestUri)},"properties":`,
    right:
      textMember('dataAction', shared.dataAction) +
      textMember('scope', shared.scope) +
      textMember('decision', shared.decision) +
      textMember('grant', shared.grant) +
      textMember('key', shared.key),
  };
}

function isOf(shared: Shared, entry: AuditEntry): boolean {
  return (
    shared.resourceId === entry.resourceId &&
    shared.operationName === entry.operationName &&
    shared.operationVersion === entry.operationVersion &&
    shared.category === entry.category &&
    shared.resultType === entry.resultType &&
    shared.resultSignature === entry.resultSignature &&
    shared.callerIpAddress === entry.callerIpAddress &&
    shared.identity === entry.identity &&
    shared.clientInfo === entry.clientInfo &&
    shared.httpStatusCode === entry.httpStatusCode &&
    shared.PoolName === entry.PoolName &&
    shared.requestUri === entry.requestUri &&
    shared.dataAction === entry.dataAction &&
    shared.scope === entry.scope &&
    shared.decision === entry.decision &&
    shared.grant === entry.grant &&
    shared.key === entry.key
  );
}

/** Members that are `undefined` are left out. */
function textMember(name: string, text: string | undefined): string {
  return text === undefined ? '' : `,"${name}":${quoted(text)}`;
}

/** What JSON writes as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

function fits(text: string): boolean {
  return text.length <= MAX_ENTRY / 3 || (text.length <= MAX_ENTRY && Buffer.byteLength(text) <= MAX_ENTRY);
}

export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length)}… (${text.length - length} characters more)`;
}

/** What it was about has bounds of its own, and gives way last of all. */
function withoutDetail({ detail, ...rest }: AuditEntry['properties']): AuditEntry['properties'] {
  return detail === undefined ? rest : { ...rest, detailLeftOut: JSON.stringify(detail).length };
}

/** Identity is JSON in a string: cut anywhere it would no longer read, so all of it gives way to a note. */
function cutIdentity(identity: string, length: number): string {
  if (identity.length <= 4 * length) return identity;
  return JSON.stringify({ cut: identity.slice(0, length), characters: identity.length });
}
