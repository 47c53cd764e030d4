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

/** What `JSON.stringify` makes of the members in this order, in a third of its time: every request pays for it. */
function entryText(entry: AuditEntry): string {
  return (
    `{"time":${quoted(entry.time)},"resourceId":${quoted(entry.resourceId)},"operationName":${quoted(entry.operationName)}` +
    `,"operationVersion":${quoted(entry.operationVersion)},"category":"${entry.category}","resultType":"${entry.resultType}"` +
    `,"resultSignature":${quoted(entry.resultSignature)},"resultDescription":${quoted(entry.resultDescription)}` +
    `,"durationMs":${entry.durationMs},"callerIpAddress":${quoted(entry.callerIpAddress)}` +
    `,"identity":${quotedIdentity(entry.identity)},"clientInfo":${quoted(entry.clientInfo)}` +
    `,"correlationId":${quoted(entry.correlationId)},"httpStatusCode":${entry.httpStatusCode}` +
    `,"PoolName":${quoted(entry.PoolName)},"requestUri":${quoted(entry.requestUri)}` +
    `,"properties":${JSON.stringify(entry.properties)}${textMember('dataAction', entry.dataAction)}` +
    `${textMember('scope', entry.scope)}${textMember('decision', entry.decision)}${textMember('grant', entry.grant)}` +
    `${textMember('key', entry.key)}${entry.storeHead === undefined ? '' : `,"storeHead":${JSON.stringify(entry.storeHead)}`}}`
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

/** Of callers that come again and again: their identity is JSON itself, so each of its marks is escaped. */
const MOST_IDENTITIES = 1024;
const identities = new Map<string, string>();

function quotedIdentity(identity: string): string {
  const known = identities.get(identity);
  if (known !== undefined) return known;
  if (identities.size >= MOST_IDENTITIES) identities.clear();
  const made = JSON.stringify(identity);
  identities.set(identity, made);
  return made;
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
