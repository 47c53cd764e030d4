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

interface Exchanges {
  readonly last: { readonly request: IncomingMessage; readonly response: ServerResponse };
  readonly open: number;
}

/**
 * A client pairs answers with requests by their order alone, so nothing may be written between them that is not the next one.
 */
export class OpenAnswers {
  readonly #of = new WeakMap<Duplex, Exchanges>();
  readonly #unfinished = new Set<ServerResponse>();

  /** To be called before the server serves. */
  watch(server: Pick<Server, 'prependListener'>): void {
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      const { socket } = request;
      this.#of.set(socket, { last: { request, response }, open: this.#open(socket) + 1 });
      this.#unfinished.add(response);
      response.once('close', () => {
        this.#unfinished.delete(response);
        const seen = this.#of.get(socket);
        if (seen !== undefined) this.#of.set(socket, { ...seen, open: seen.open - 1 });
      });
    });
  }

  /** Each connection that waits for an answer ends with it. One whose head is written already goes on. */
  areLast(): void {
    for (const response of this.#unfinished) response.shouldKeepAlive = false;
  }

  /** Whether an answer to what could not be read now would be taken for one to exactly that. */
  isNext(socket: Duplex): boolean {
    const seen = this.#of.get(socket);
    if (seen === undefined) return true;
    const { request, response } = seen.last;
    if (request.complete) return seen.open === 0;
    // The body of the last request cannot be read: the answer is that request's, if it has none yet.
    return seen.open === 1 && !response.headersSent;
  }

  #open(socket: Duplex): number {
    return this.#of.get(socket)?.open ?? 0;
  }
}
