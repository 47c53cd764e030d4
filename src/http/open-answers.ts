// Which requests of a connection have no answer yet. A client pairs answers with requests by their order alone, so nothing
// may be written between them that is not the next one.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

interface Exchanges {
  readonly last: { readonly request: IncomingMessage; readonly response: ServerResponse };
  readonly open: number;
}

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
