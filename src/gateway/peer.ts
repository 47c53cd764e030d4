// Who is at the other end of a connection: what network rules are judged by. Known before TLS, from the connection
// itself or from the header of a proxy that may speak for others; never from anything in a request.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import { readIpAddress, writeIpAddress } from '../formats/ip-address.ts';

/** Which way the connection came in: the private ones are named after the private endpoint connection they belong to. */
export type Way =
  | 'public'
  | 'direct'
  /** `port`: of the listener itself; absent on a Unix socket. */
  | { readonly private: string; readonly port?: number };

export interface Peer {
  /** IPv4 where it is one, whatever carried it; RFC 5952 for IPv6; '' for a Unix socket. */
  readonly address: string;
  readonly way: Way;
}

const NOWHERE: Peer = { address: '', way: 'public' };

/** Remembers the peer of each TLS connection of one server. */
export class Peers {
  readonly #arriving = new AsyncLocalStorage<Peer>();
  readonly #known = new WeakMap<Socket, Peer>();

  /** To be called before the server serves. */
  watch(server: Server): void {
    server.prependListener('secureConnection', (socket: Socket) => {
      const peer = this.#arriving.getStore();
      if (peer !== undefined) this.#known.set(socket, peer);
    });
  }

  /** Runs `accept`, which wraps the raw connection in TLS: the TLS connection is then this peer's. */
  arrive(peer: Peer, accept: () => void): void {
    this.#arriving.run(peer, accept);
  }

  /** One that is not known is a stranger without an address. */
  of(socket: Socket): Peer {
    return this.#known.get(socket) ?? NOWHERE;
  }
}

/** The one text of an address that a socket tells; '' if it tells none, or one with a zone, which names no peer elsewhere. */
export function peerAddress(told: string | undefined): string {
  if (told === undefined) return '';
  try {
    return writeIpAddress(readIpAddress(told));
  } catch {
    // Link-local with a zone: no rule can name it.
    return '';
  }
}
