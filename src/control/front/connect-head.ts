// The head of a CONNECT request (RFC 9110 §9.3.6), read strictly: the first line decides, header fields are skipped.

export type ConnectHead =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'connect'; readonly host: string; readonly port: number; readonly length: number }
  /** Well-formed HTTP that is not CONNECT. */
  | { readonly kind: 'other' }
  | { readonly kind: 'malformed' };

export const MAX_HEAD = 8 * 1024;

const LINE = /^CONNECT ([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):(\d{1,5}) HTTP\/1\.[01]$/;
const ANY_LINE = /^[A-Z]{3,16} \S{1,8000} HTTP\/1\.[01]$/;
const FIELD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/;

export function readConnectHead(bytes: Buffer): ConnectHead {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) {
    if (bytes.length >= MAX_HEAD || bytes.includes(0)) return { kind: 'malformed' };
    return { kind: 'incomplete' };
  }
  if (end > MAX_HEAD) return { kind: 'malformed' };
  const [first = '', ...fields] = bytes.toString('latin1', 0, end).split('\r\n');
  if (!fields.every((field) => FIELD.test(field))) return { kind: 'malformed' };
  const match = LINE.exec(first);
  if (match === null) return { kind: ANY_LINE.test(first) && !first.startsWith('CONNECT ') ? 'other' : 'malformed' };
  const [, host = '', port = ''] = match;
  if (Number(port) < 1 || Number(port) > 65_535) return { kind: 'malformed' };
  return { kind: 'connect', host: host.toLowerCase(), port: Number(port), length: end + 4 };
}
