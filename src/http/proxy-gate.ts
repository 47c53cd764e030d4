// Takes the header of a proxy off the beginning of a connection. Where one is expected nothing passes without it, and
// only proxies that may speak for others are believed: the front by its proof, and those at listed addresses.
import type { Socket } from 'node:net';
import { type IpRange, isInRange, readIpAddress, writeIpAddress } from '../formats/ip-address.ts';
import { MAX_PROXY_HEADER, readProxyHeader } from '../formats/proxy-protocol.ts';
import { peerAddress } from './connection.ts';
import { type KnownFront, PROOF_EXTENSION } from './front-proof.ts';

export type BelievedProxies =
  /** The front of the same machine, by the proof in `PROOF_EXTENSION`. */
  | { readonly front: KnownFront }
  | { readonly from: readonly IpRange[] }
  /** Whoever can enter the folder of the Unix socket. */
  | 'socket';

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
    const source = header.source === undefined ? undefined : writeIpAddress(header.source);
    if (typeof believed === 'object' && 'front' in believed) {
      const { remotePort: fromPort = 0, localPort: toPort = 0 } = socket;
      const proof = header.extensions.get(PROOF_EXTENSION);
      if (!believed.front.isShownBy(proof, { source, fromPort, toPort })) return end();
    }
    leave(header.length, () => {
      if (source === undefined) pass(peerAddress(socket.remoteAddress), true);
      else pass(source, false);
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
