// Takes the header of a proxy off the beginning of a connection. Where one is expected nothing passes without it, and
// only proxies that may speak for others are believed: those that know the token, or those at listed addresses.
import { timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { type IpRange, isInRange, readIpAddress, writeIpAddress } from '../formats/ip-address.ts';
import { MAX_PROXY_HEADER, readProxyHeader } from '../formats/proxy-protocol.ts';
import { peerAddress } from './peer.ts';

export type BelievedProxies =
  /** The front of the same machine: 32 bytes in the extension `TOKEN_EXTENSION`. Undefined: it is not known yet. */
  | { readonly token: () => Uint8Array | undefined }
  | { readonly from: readonly IpRange[] }
  /** Whoever can enter the folder of the Unix socket. */
  | 'socket';

/** Of those that the specification leaves to private use. */
export const TOKEN_EXTENSION = 0xe0;
const HEADER_MS = 5_000;
const TLS_HANDSHAKE = 0x16;

/**
 * Calls `pass` with the client's address, which may be the proxy itself, and the connection at its first own byte; or ends the connection.
 * @param without called instead for a connection that begins with TLS; absent: such a one is ended
 */
export function takeProxyHeader(
  socket: Socket,
  believed: BelievedProxies,
  pass: (address: string, isProxysOwn: boolean) => void,
  without?: () => void,
  headerMs: number = HEADER_MS,
): void {
  if (typeof believed === 'object' && 'from' in believed && !isListed(socket.remoteAddress, believed.from)) {
    socket.destroy();
    return;
  }
  let received = Buffer.alloc(0);
  const end = (): void => void socket.destroy();
  const timer = setTimeout(end, headerMs);
  const collect = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk]);
    if (without !== undefined && received[0] === TLS_HANDSHAKE) return leave(0, without);
    const header = readProxyHeader(received.subarray(0, MAX_PROXY_HEADER));
    if (header.kind === 'incomplete') return;
    if (header.kind === 'malformed') return end();
    if (typeof believed === 'object' && 'token' in believed) {
      const [shown, token] = [header.extensions.get(TOKEN_EXTENSION), believed.token()];
      if (token === undefined || shown?.length !== token.length || !timingSafeEqual(shown, token)) return end();
    }
    const { source } = header;
    leave(header.length, () => {
      if (source === undefined) pass(peerAddress(socket.remoteAddress), true);
      else pass(writeIpAddress(source), false);
    });
  };
  const leave = (consumed: number, next: () => void): void => {
    clearTimeout(timer);
    socket.off('data', collect);
    socket.off('end', end);
    socket.pause();
    if (received.length > consumed) socket.unshift(received.subarray(consumed));
    next();
  };
  socket.on('data', collect);
  socket.once('end', end);
  socket.once('close', () => clearTimeout(timer));
}

function isListed(told: string | undefined, ranges: readonly IpRange[]): boolean {
  const address = peerAddress(told);
  return address !== '' && ranges.some((range) => isInRange(readIpAddress(address), range));
}
