// The managed identity endpoint of the dev profile: listens on a loopback port of its own, kept over restarts, and finds out
// who asks through the supervisor. There is none where the system cannot tell who is at the other end of a connection.
import type { IncomingMessage } from 'node:http';
import type { replaceFile } from '../files/durable-file.ts';
import type { WhoCalls } from '../links/who-calls-link.ts';
import type { TokenSigning } from './directory/issuer/identity-token.ts';
import { readBindings } from './directory/local-identity/bindings.ts';
import {
  newIdentityHeader,
  readIdentityEndpoint,
  writeIdentityEndpoint,
} from './directory/local-identity/endpoint-file.ts';
import { answerIdentityRequest, type IdentityRules } from './directory/local-identity/identity-request.ts';
import { type IdentityListener, listenForIdentities } from './door/identity-listener.ts';

export interface IdentityEndpointOptions extends TokenSigning {
  readonly folder: string;
  readonly audiences: readonly string[];
  readonly whoCalls: WhoCalls;
  readonly replaceFile?: typeof replaceFile | undefined;
  readonly log: (message: string) => void;
}

export async function openIdentityEndpoint(options: IdentityEndpointOptions): Promise<IdentityListener> {
  const { folder, whoCalls, log, replaceFile: replace } = options;
  const before = await readIdentityEndpoint(folder);
  const header = before?.header ?? newIdentityHeader();
  const own: { rules?: IdentityRules } = {};
  const answer = async (req: IncomingMessage) => {
    const { rules } = own;
    if (rules === undefined) throw new Error('asked before it was ready');
    const { remoteAddress: address = '', remotePort: port = 0, localPort = 0 } = req.socket;
    const { method = '', url: target = '', headers } = req;
    return answerIdentityRequest(
      {
        method,
        target,
        headers,
        whoCalls: (withExecutable) => whoCalls({ address, port, localPort }, withExecutable),
      },
      rules,
    );
  };
  const listener = await listen(before?.port ?? 0, { answer, log });
  const { port } = listener;
  own.rules = {
    ...options,
    header,
    hosts: [`127.0.0.1:${port}`, `localhost:${port}`],
    bindings: () => readBindings(folder),
  };
  if (before?.port !== port) await writeIdentityEndpoint(folder, { port, header }, replace);
  return listener;
}

/** On another port when somebody took the one of last time. */
async function listen(
  port: number,
  rest: Pick<Parameters<typeof listenForIdentities>[0], 'answer' | 'log'>,
): Promise<IdentityListener> {
  try {
    return await listenForIdentities({ port, ...rest });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || port === 0) throw error;
    rest.log(`identity: port ${port} is taken; workloads need the new one`);
    return listenForIdentities({ port: 0, ...rest });
  }
}
