// Whom a request is for: its target, decoded once, and the headers that there may be one of. Clients send noise that must not
// matter (doubled slashes, encoded parameter names); what could mean two things to two readers is refused.
import { ServiceError } from './service-error.ts';

const EMPTY: ReadonlyMap<string, string> = new Map();
/** Characters that a decoded path may not hold: controls, and those that some reader would give a meaning. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const SUSPECT = /[\u0000-\u001f\u007f?#;\\%]/;

/** @throws ServiceError BadParameter */
export function readRequestTarget(url: string) {
  if (!url.startsWith('/')) throw new ServiceError('BadParameter', 'The request target must be a path');
  const mark = url.indexOf('?');
  const raw = mark === -1 ? url : url.slice(0, mark);
  return { path: readPath(raw), query: mark === -1 ? EMPTY : readQuery(url.slice(mark + 1)) };
}

function readPath(raw: string): string {
  let path = decode(raw, 'path');
  if (SUSPECT.test(path)) {
    const isKey = /^\/+(?:deleted)?keys\//i.test(path);
    const message = isKey ? 'Invalid key identifier or name' : 'The path has characters that no identifier has';
    throw new ServiceError('BadParameter', message);
  }
  if (path.includes('//')) path = path.replaceAll(/\/{2,}/g, '/');
  if (path.length > 1 && path.endsWith('/')) path = path.slice(0, -1);
  if (path.includes('/.') && /\/\.{1,2}(\/|$)/.test(path)) {
    throw new ServiceError('BadParameter', 'The path must not have dot segments');
  }
  return path;
}

function readQuery(raw: string): ReadonlyMap<string, string> {
  const query = new Map<string, string>();
  for (const part of raw.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decode(equals === -1 ? part : part.slice(0, equals), 'query').toLowerCase();
    const value = equals === -1 ? '' : decode(part.slice(equals + 1).replaceAll('+', ' '), 'query');
    if (query.has(name)) throw new ServiceError('BadParameter', `The query names '${name.slice(0, 40)}' twice`);
    query.set(name, value);
  }
  return query;
}

function decode(text: string, where: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new ServiceError('BadParameter', `The ${where} has a malformed percent-encoding`, { cause });
  }
}

/**
 * Headers that decide who is asked and who asks. Sent twice, two readers could each take another one, so they are refused;
 * Node itself keeps the first and says nothing.
 * @param rawHeaders names and values in turn, as sent @throws ServiceError BadRequest
 */
export function requireSingleHeaders(rawHeaders: readonly string[]): void {
  const repeated = findRepeated(rawHeaders);
  if (repeated !== undefined) throw new ServiceError('BadRequest', `The request has more than one ${repeated} header`);
}

/** @param rawHeaders names and values in turn, as sent */
export function findRepeated(rawHeaders: readonly string[]): 'Host' | 'Authorization' | undefined {
  let hosts = 0;
  let authorizations = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
    else if (name.length === 13 && name.toLowerCase() === 'authorization') authorizations += 1;
  }
  if (hosts > 1) return 'Host';
  return authorizations > 1 ? 'Authorization' : undefined;
}
