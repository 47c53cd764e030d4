// Takes the header of a proxy off the beginning of a connection. Where one is expected nothing passes without it, and
// only proxies that may speak for others are believed: those that know the token, or those at listed addresses.
import { timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { type IpRange, isInRange, readIpAddress, writeIpAddress } from '../formats/ip-address.ts';
import { MAX_PROXY_HEADER, readProxyHeader } from '../formats/proxy-protocol.ts';
import { peerAddress } from './peer.ts';

export type BelievedProxies =
  /** The front of the same machine: 32 bytes in the extension `TOKEN_EXTENSION`. */
  | { readonly token: Uint8Array }
  | { readonly from: readonly IpRange[] }
  /** Whoever can enter the folder of the Unix socket. */
  | 'socket';

/** Of those that the specification leaves to private use. */
export const TOKEN_EXTENSION = 0xe0;
const HEADER_MS = 5_000;

/** Calls `pass` with the client's address, and the connection at its first own byte; or ends the connection. */
export function takeProxyHeader(
  socket: Socket,
  believed: BelievedProxies,
  pass: (address: string) => void,
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
    const header = readProxyHeader(received.subarray(0, MAX_PROXY_HEADER));
    if (header.kind === 'incomplete') return;
    if (header.kind === 'malformed') return end();
    if (typeof believed === 'object' && 'token' in believed) {
      const token = header.extensions.get(TOKEN_EXTENSION);
      if (token?.length !== believed.token.length || !timingSafeEqual(token, believed.token)) return end();
    }
    clearTimeout(timer);
    socket.off('data', collect);
    socket.off('end', end);
    socket.pause();
    if (received.length > header.length) socket.unshift(received.subarray(header.length));
    pass(header.source === undefined ? peerAddress(socket.remoteAddress) : writeIpAddress(header.source));
  };
  socket.on('data', collect);
  socket.once('end', end);
  socket.once('close', () => clearTimeout(timer));
}

function isListed(told: string | undefined, ranges: readonly IpRange[]): boolean {
  const address = peerAddress(told);
  return address !== '' && ranges.some((range) => isInRange(readIpAddress(address), range));
}
