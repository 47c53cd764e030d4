// The plain HTTP server of the managed identity endpoint, on loopback only: clients of both styles speak http there. It
// reads heads and no bodies, and decides nothing.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IdentityAnswer } from '../directory/local-identity/identity-request.ts';

export interface IdentityListenerOptions {
  /** 0: any free one. */
  readonly port: number;
  readonly answer: (request: IncomingMessage) => Promise<IdentityAnswer>;
  readonly log: (message: string) => void;
}

export interface IdentityListener extends AsyncDisposable {
  readonly port: number;
}

const MAX_CONNECTIONS = 256;

/** Rejects with EADDRINUSE when somebody else has the port. */
export async function listenForIdentities({ port, answer, log }: IdentityListenerOptions): Promise<IdentityListener> {
  const server = createServer(
    {
      maxHeaderSize: 8 * 1024,
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 2_000,
    },
    (req, res) => {
      req.resume();
      answer(req).then(
        (reply) => write(res, reply),
        (error: unknown) => {
          log(`identity: ${error instanceof Error ? error.message : String(error)}`);
          const message = 'The managed identity endpoint could not answer; its log says why.';
          write(res, {
            status: 503,
            json: { error: 'unavailable', error_description: message, statusCode: 503, message },
          });
        },
      );
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function write(res: ServerResponse, { status, json }: IdentityAnswer): void {
  const body = JSON.stringify(json);
  res.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  res.end(body);
}
