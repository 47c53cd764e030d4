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

/** A connection as it came in, before TLS. */
export interface Arrival {
  readonly peer: Peer;
  /** It has shown a valid token. */
  readonly known: () => void;
}

const NOWHERE: Arrival = { peer: { address: '', way: 'public' }, known() {} };

/** Remembers as what each TLS connection of one server came in. */
export class Peers {
  readonly #arriving = new AsyncLocalStorage<Arrival>();
  readonly #known = new WeakMap<Socket, Arrival>();

  /** To be called before the server serves. */
  watch(server: Server): void {
    server.prependListener('secureConnection', (socket: Socket) => {
      const arrival = this.#arriving.getStore();
      if (arrival !== undefined) this.#known.set(socket, arrival);
    });
  }

  /** Runs `accept`, which wraps the raw connection in TLS: the TLS connection is then this one. */
  arrive(arrival: Arrival, accept: () => void): void {
    this.#arriving.run(arrival, accept);
  }

  /** One that is not known is a stranger without an address. */
  of(socket: Socket): Arrival {
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
