// The header that a proxy puts before a connection to say who is at its other end: PROXY protocol, version 2 (HAProxy's
// specification, section 2.2). The text form, version 1, is not read.
import { type IpBytes, readIpAddress, unwrap } from './ip-address.ts';

export type ProxyHeader =
  /** More bytes are needed. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed'; readonly reason: string }
  | {
      readonly kind: 'header';
      /** Undefined: the proxy speaks for itself (LOCAL), as health checks do. */
      readonly source: IpBytes | undefined;
      readonly extensions: ReadonlyMap<number, Uint8Array>;
      /** Bytes of the header; what follows is the connection's own. */
      readonly length: number;
    };

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const HEAD = 16;
/** The most that is read; the specification's own minimum for receivers is 232. */
export const MAX_PROXY_HEADER = 2048;
const LOCAL = 0x20;
const PROXY = 0x21;
const TCP4 = 0x11;
const TCP6 = 0x21;

export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const known = bytes.subarray(0, SIGNATURE.length);
  if (!known.equals(SIGNATURE.subarray(0, known.length)))
    return malformed('it does not begin with a PROXY header of version 2');
  if (bytes.length < HEAD) return { kind: 'incomplete' };
  const [command, family] = [bytes[12], bytes[13]];
  const length = HEAD + bytes.readUInt16BE(14);
  if (command !== LOCAL && command !== PROXY) return malformed('the command is neither LOCAL nor PROXY');
  if (length > MAX_PROXY_HEADER) return malformed('the header is too long');
  if (bytes.length < length) return { kind: 'incomplete' };
  const size = family === TCP4 ? 4 : family === TCP6 ? 16 : undefined;
  if (command === PROXY && size === undefined) return malformed('the connection is not TCP over IPv4 or IPv6');
  // Both addresses, then both ports.
  const addresses = size === undefined ? 0 : 2 * size + 4;
  if (length < HEAD + addresses) return malformed('the addresses are cut off');
  const extensions = readExtensions(bytes.subarray(HEAD + addresses, length));
  if (extensions === undefined) return malformed('an extension is cut off, or there twice');
  const source =
    command === PROXY && size !== undefined ? unwrap(Uint8Array.from(bytes.subarray(HEAD, HEAD + size))) : undefined;
  return { kind: 'header', source, extensions, length };
}

/** @param source the client's address as text @throws ShapeError */
export function writeProxyHeader(
  source: string,
  sourcePort: number,
  extensions: ReadonlyMap<number, Uint8Array> = new Map(),
): Buffer {
  const address = readIpAddress(source);
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(sourcePort, 0);
  const addresses = Buffer.concat([address, Buffer.alloc(address.length), ports]);
  return writeHeader(PROXY, address.length === 4 ? TCP4 : TCP6, addresses, extensions);
}

/** The proxy speaks for itself. */
export function writeLocalHeader(extensions: ReadonlyMap<number, Uint8Array> = new Map()): Buffer {
  return writeHeader(LOCAL, 0, Buffer.alloc(0), extensions);
}

function writeHeader(
  command: number,
  family: number,
  addresses: Buffer,
  extensions: ReadonlyMap<number, Uint8Array>,
): Buffer {
  const body = [addresses];
  for (const [type, value] of extensions) {
    const head = Buffer.from([type, 0, 0]);
    head.writeUInt16BE(value.length, 1);
    body.push(head, Buffer.from(value));
  }
  const rest = Buffer.concat(body);
  const head = Buffer.from([command, family, 0, 0]);
  head.writeUInt16BE(rest.length, 2);
  return Buffer.concat([SIGNATURE, head, rest]);
}

function readExtensions(bytes: Buffer): ReadonlyMap<number, Uint8Array> | undefined {
  const found = new Map<number, Uint8Array>();
  for (let at = 0; at < bytes.length; ) {
    if (at + 3 > bytes.length) return undefined;
    const [type = 0, end] = [bytes[at], at + 3 + bytes.readUInt16BE(at + 1)];
    if (end > bytes.length || found.has(type)) return undefined;
    found.set(type, Buffer.from(bytes.subarray(at + 3, end)));
    at = end;
  }
  return found;
}

function malformed(reason: string): ProxyHeader {
  return { kind: 'malformed', reason };
}
