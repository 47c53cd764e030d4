// What is known of each connection: who is at its other end, and which of its requests have no answer yet.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { readIpAddress, writeIpAddress } from '../formats/ip-address.ts';

/** Which way the connection came in: the private ones are named after the private endpoint connection they belong to. */
export type ConnectionPath =
  | 'public'
  | 'direct'
  /** `port`: of the listener itself; absent on a Unix socket. */
  | { readonly private: string; readonly port?: number };

/**
 * What network rules are judged by. Known before TLS, from the connection itself or from the header of a proxy that may speak for
 * others; never from anything in a request.
 */
export interface Peer {
  /** IPv4 where it is one, whatever carried it; RFC 5952 for IPv6; '' for a Unix socket. */
  readonly address: string;
  readonly way: ConnectionPath;
}

/** A connection as it came in, before TLS. */
export interface Arrival {
  readonly peer: Peer;
  /** It has shown a valid token. */
  readonly known: () => void;
}

const NOWHERE: Arrival = { peer: { address: '', way: 'public' }, known() {} };

/** One of them, after TLS. */
class Connection {
  readonly arrival: Arrival;
  /** The answer to the last request, and, while it is open, to the one before. They end in their order. */
  last: ServerResponse | undefined;
  before: ServerResponse | undefined;

  constructor(arrival: Arrival) {
    this.arrival = arrival;
  }

  asked(response: ServerResponse): void {
    this.before = isOpen(this.last) ? this.last : undefined;
    this.last = response;
  }
}

/**
 * Remembers as what each TLS connection of one server came in, and what it waits for. Nothing is listened to or kept per request:
 * a set of the open ones, each for a moment, costs the collector more than all else that is done for a request here.
 */
export class Connections {
  readonly #arriving = new AsyncLocalStorage<Arrival>();
  readonly #of = new WeakMap<Duplex, Connection>();
  readonly #open = new Set<Connection>();
  #allAreLast = false;

  /** To be called before the server serves. */
  watch(server: Server): void {
    server.prependListener('secureConnection', (socket: Socket) => {
      const connection = new Connection(this.#arriving.getStore() ?? NOWHERE);
      this.#of.set(socket, connection);
      this.#open.add(connection);
      socket.once('close', () => this.#open.delete(connection));
    });
  }

  /** Runs `accept`, which wraps the raw connection in TLS: the TLS connection is then this one. */
  arrive(arrival: Arrival, accept: () => void): void {
    this.#arriving.run(arrival, accept);
  }

  /**
   * To be called with each request. One that is not known is of a stranger without an address.
   * @returns undefined: it came behind one whose answer ends the connection, so it can have none and must not be carried out
   */
  asked({ socket }: IncomingMessage, response: ServerResponse): Arrival | undefined {
    const connection = this.#of.get(socket);
    if (connection?.last?.shouldKeepAlive === false) return undefined;
    connection?.asked(response);
    if (this.#allAreLast) response.shouldKeepAlive = false;
    return connection?.arrival ?? NOWHERE;
  }

  /** Each that waits for an answer ends with it. One whose head is written already goes on. */
  areLast({ also }: { readonly also?: 'later' } = {}): void {
    if (also === 'later') this.#allAreLast = true;
    for (const { last } of this.#open) {
      if (last !== undefined && isOpen(last) && !last.headersSent) last.shouldKeepAlive = false;
    }
  }

  /**
   * A client pairs answers with requests by their order alone, so nothing may be written between them that is not the next one.
   * @returns whether an answer to what could not be read now would be taken for one to exactly that
   */
  isNext(socket: Duplex): boolean {
    const { last, before } = this.#of.get(socket) ?? {};
    if (last === undefined) return true;
    if (last.req.complete) return !isOpen(last);
    // The body of the last request cannot be read: the answer is that request's, if it has none yet.
    return isOpen(last) && !isOpen(before) && !last.headersSent;
  }
}

function isOpen(response: ServerResponse | undefined): boolean {
  return response?.closed === false;
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
