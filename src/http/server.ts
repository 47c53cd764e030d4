// The server under every listener: what it takes of a client before anything is asked for, and how it ends. Slow and half-open
// clients are closed by its own timeouts.
import { once } from 'node:events';
import type { IncomingMessage, Server as PlainServer, RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, ListenOptions, Server as NetServer, Socket } from 'node:net';
import { PreparedResponse } from './answer.ts';
import { http } from './plain-http.ts';
import type { ServerRules } from './planes.ts';
import { type TlsFiles, type TlsVersion, tlsOptions } from './tls/server-options.ts';

const EMPTY = Symbol('no connection is left');

export interface Listening extends AsyncDisposable {
  /** 0 on a Unix socket. */
  readonly port: number;
  /** Resolves when it has no connection. */
  empty(): Promise<void>;
}

/** Clients of the identity endpoint speak http, on loopback. */
export function makePlainServer(rules: ServerRules, take: RequestListener): PlainServer {
  return limited(http.createServer(optionsOf(rules), take), rules);
}

/** @param minVersion absent: 1.3 alone */
export function makeServer(
  rules: ServerRules,
  tls: TlsFiles,
  minVersion: TlsVersion | undefined,
  take: RequestListener<typeof IncomingMessage, typeof PreparedResponse>,
): Server<typeof IncomingMessage, typeof PreparedResponse> {
  const { handshakeTimeout } = rules;
  const options = { ...tlsOptions(tls, minVersion), ...optionsOf(rules), handshakeTimeout };
  const server = createServer({ ...options, ServerResponse: PreparedResponse }, take);
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return limited(server, rules);
}

/** Rejects with what the system says when nobody can listen there. */
export async function openServer(
  server: NetServer & Pick<PlainServer, 'closeIdleConnections'>,
  { drainMs }: ServerRules,
  place: ListenOptions,
): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.prependListener('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0) server.emit(EMPTY);
    });
    // Errors of the raw socket end up in `clientError` or `tlsClientError`; without a listener they would end the process.
    socket.on('error', () => socket.destroy());
  });
  server.listen(place);
  await once(server, 'listening');
  const address = server.address() as AddressInfo | string;
  return {
    port: typeof address === 'string' ? 0 : address.port,
    async empty() {
      if (sockets.size > 0) await once(server, EMPTY);
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, drainMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

function optionsOf(rules: ServerRules) {
  const { maxHeaderSize, headersTimeout, requestTimeout, keepAliveTimeout, checkedEvery } = rules;
  const { requireHostHeader, optimizeEmptyRequests } = rules;
  return {
    maxHeaderSize,
    headersTimeout,
    requestTimeout,
    keepAliveTimeout,
    requireHostHeader,
    optimizeEmptyRequests,
    connectionsCheckingInterval: Math.min(headersTimeout, checkedEvery),
    noDelay: true,
    insecureHTTPParser: false,
  };
}

function limited<S extends { maxConnections: number }>(server: S, { maxConnections }: ServerRules): S {
  server.maxConnections = maxConnections;
  return server;
}
