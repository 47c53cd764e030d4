// The managed identity endpoint of the dev profile: listens on a loopback port of its own, kept over restarts, in plain HTTP, as
// clients of both styles speak it there; reads heads and no bodies, and finds out who asks through the supervisor. There is
// none where the system cannot tell who is at the other end of a connection.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { replaceFile } from '../files/durable-file.ts';
import { IDENTITY_ENDPOINT } from '../http/planes.ts';
import { type Listening, makePlainServer, openServer } from '../http/server.ts';
import type { PeerLookup } from '../links/peer-lookup-link.ts';
import { newIdentityHeader } from './directory/issuer/managed-identity.ts';
import type { TokenSigning } from './directory/issuer/token-claims.ts';
import { readBindings } from './directory/local-identity/bindings.ts';
import { readIdentityEndpoint, writeIdentityEndpoint } from './directory/local-identity/endpoint-file.ts';
import { answerIdentityRequest, type IdentityAnswer, refusal } from './directory/local-identity/identity-request.ts';

interface IdentityEndpointOptions extends TokenSigning {
  readonly folder: string;
  readonly audiences: readonly string[];
  readonly whoCalls: PeerLookup;
  readonly replaceFile?: typeof replaceFile | undefined;
  readonly log: (message: string) => void;
}

export async function openIdentityEndpoint(options: IdentityEndpointOptions): Promise<Listening> {
  const { folder, whoCalls, log, replaceFile: replace } = options;
  const before = await readIdentityEndpoint(folder);
  const header = before?.header ?? newIdentityHeader();
  const answer = async ({ socket, method = '', url: target = '', headers }: IncomingMessage) => {
    const { remoteAddress: address = '', remotePort: port = 0, localPort = 0 } = socket;
    return answerIdentityRequest(
      {
        ...{ method, target, headers },
        whoCalls: (withExecutable) => whoCalls({ address, port, localPort }, withExecutable),
      },
      {
        ...options,
        header,
        hosts: [`127.0.0.1:${localPort}`, `localhost:${localPort}`],
        bindings: () => readBindings(folder),
      },
    );
  };
  const listener = await listen(before?.port ?? 0, answer, log);
  const { port } = listener;
  if (before?.port !== port) await writeIdentityEndpoint(folder, { port, header }, replace);
  return listener;
}

/** On another port when somebody took the one of last time. @param port 0: any free one */
async function listen(
  port: number,
  answer: (request: IncomingMessage) => Promise<IdentityAnswer>,
  log: (message: string) => void,
): Promise<Listening> {
  const server = makePlainServer(IDENTITY_ENDPOINT, (req, res) => {
    req.resume();
    answer(req).then(
      (reply) => write(res, reply),
      (error: unknown) => {
        log(`identity: ${error instanceof Error ? error.message : String(error)}`);
        const message = 'The managed identity endpoint could not answer; its log says why.';
        write(res, refusal(503, 'unavailable', message));
      },
    );
  });
  try {
    return await openServer(server, IDENTITY_ENDPOINT, { port, host: '127.0.0.1' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || port === 0) throw error;
    log(`identity: port ${port} is taken; workloads need the new one`);
    return listen(0, answer, log);
  }
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
