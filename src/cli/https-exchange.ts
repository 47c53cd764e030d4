// One HTTPS request of a command and its whole answer. Names below localhost are this machine whether or not its resolver
// knows (RFC 6761, 6.3); a proxy of the environment is used as every client of the service would use it.
import { lookup } from 'node:dns';
import { readFileSync } from 'node:fs';
import { type IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import type { LookupFunction } from 'node:net';
import { getCACertificates } from 'node:tls';
import { CommandError } from './command.ts';

export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** How connections are made. */
export interface Route {
  /** Whom to trust instead of the system's authorities. */
  readonly ca: readonly string[] | undefined;
  /** The loopback port that answers for every name; absent: where the names lead. */
  readonly port?: number;
  /** The Unix socket that answers for every name. */
  readonly socketPath?: string;
}

/** Answers come at once or as an operation to ask about; none takes as long as this. */
const PATIENCE = 60_000;
/** A security domain of ten custodians is 30 KiB; nothing that commands read is near this. */
const MOST = 32 * 1024 * 1024;

/** @throws CommandError when nothing answered, naming the host and why */
export function exchange(route: Route, { method, url, headers, body }: Exchange): Promise<Reply> {
  const { hostname, host, port, pathname, search } = new URL(url);
  const agent = agentOf(route);
  return new Promise<Reply>((resolve, reject) => {
    const sent = request(
      {
        ...placeOf(route, hostname, port),
        method,
        path: pathname + search,
        servername: hostname,
        agent,
        headers: { host, 'content-length': Buffer.byteLength(body ?? ''), ...headers },
        timeout: PATIENCE,
      },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MOST) sent.destroy(new CommandError(`the answer of ${host} is too large`));
          else chunks.push(chunk);
        });
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      },
    );
    sent.on('timeout', () =>
      sent.destroy(new CommandError(`${host} did not answer within ${PATIENCE / 1000} seconds`)),
    );
    sent.on('error', reject);
    sent.end(body);
  })
    .catch((error: unknown) => {
      if (error instanceof CommandError) throw error;
      throw new CommandError(`${host}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    })
    .finally(() => agent.destroy());
}

function placeOf({ port, socketPath }: Route, hostname: string, ownPort: string): object {
  if (socketPath !== undefined) return { socketPath };
  if (port !== undefined) return { host: '127.0.0.1', port };
  return { host: hostname, port: ownPort === '' ? 443 : Number(ownPort) };
}

/** Makes the connections of a route, also those of a library. */
export function agentOf(route: Route): Agent {
  const ca = route.ca === undefined ? {} : { ca: [...route.ca] };
  const isOurs = route.port !== undefined || route.socketPath !== undefined;
  return isOurs ? new Agent(ca) : new Agent({ ...ca, proxyEnv: process.env, lookup: find });
}

/** The system's authorities and those of a file. @throws CommandError */
export function authoritiesWith(file: string): readonly string[] {
  try {
    return [...getCACertificates('default'), readFileSync(file, 'utf8')];
  } catch (error) {
    throw new CommandError(`${file} cannot be read`, { cause: error });
  }
}

const find: LookupFunction = (host, options, answer) => {
  if (host !== 'localhost' && !host.endsWith('.localhost')) lookup(host, options, answer);
  else if (options.all === true) answer(null, [{ address: '127.0.0.1', family: 4 }]);
  else answer(null, '127.0.0.1', 4);
};
