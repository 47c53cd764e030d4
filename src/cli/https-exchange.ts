// One HTTPS request of a command and its whole answer. Names below localhost are this machine whether or not its resolver
// knows (RFC 6761, 6.3); a proxy of the environment is used as every client of the service would use it.
import { lookup } from 'node:dns';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { getCACertificates } from 'node:tls';
import { AnswerTooLarge, AnswerTooSlow, call } from '../http/outbound.ts';
import { CommandError } from './command.ts';

interface Exchange {
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** What a service says of a refusal. Of what is no such answer, as a gateway in between gives, the text is the message. */
export function refusalIn(text: string) {
  try {
    const { error } = JSON.parse(text) as { readonly error?: Readonly<Record<string, unknown>> };
    const { code, message, innererror } = error ?? {};
    const inner = (innererror as { readonly code?: unknown } | null | undefined)?.code;
    if (typeof code === 'string' && typeof message === 'string') {
      return { code, message, innerCode: typeof inner === 'string' ? inner : undefined };
    }
  } catch {
    // Not JSON.
  }
  return { code: '', message: text.slice(0, 4000), innerCode: undefined };
}

/** How connections are made. */
export interface Route {
  /** Whom to trust instead of the system's authorities. */
  readonly ca: readonly string[] | undefined;
  /** The loopback port that answers for every name; absent: where the names lead. */
  readonly port?: number;
  /** The Unix socket that answers for every name. */
  readonly socketPath?: string;
  /** Keeps connections for whoever asks often; absent: each request has its own. */
  readonly kept?: Agent;
}

/** Answers come at once or as an operation to ask about; none takes as long as this. */
const PATIENCE = 60_000;
/** A security domain of ten custodians is 30 KiB; nothing that commands read is near this. */
const MOST = 32 * 1024 * 1024;

/** @throws CommandError when nothing answered, naming the host and why */
export async function exchange(route: Route, { method = 'GET', url: text, headers, body }: Exchange) {
  const url = new URL(text);
  const { hostname, host } = url;
  const agent = route.kept ?? agentOf(route);
  try {
    const answer = await call(
      {
        url,
        method,
        headers: { host, 'content-length': String(Buffer.byteLength(body ?? '')), ...headers },
        body,
        withinMs: PATIENCE,
        way: { servername: hostname, agent },
      },
      MOST,
    );
    return { status: answer.status, headers: answer.headers, text: answer.body.toString('utf8') };
  } catch (cause) {
    if (cause instanceof AnswerTooLarge) throw new CommandError(`the answer of ${host} is too large`);
    if (cause instanceof AnswerTooSlow)
      throw new CommandError(`${host} did not answer within ${PATIENCE / 1000} seconds`);
    throw new CommandError(`${host}: ${(cause as Error).message}`, { cause });
  } finally {
    if (agent !== route.kept) agent.destroy();
  }
}

export type Reply = Awaited<ReturnType<typeof exchange>>;

/** Makes the connections of a route, also those of a library. @param keepAlive they are used again, and keep no process from ending */
export function agentOf({ ca, port, socketPath }: Route, keepAlive = false): Agent {
  const trusted = { keepAlive, ...(ca === undefined ? {} : { ca: [...ca] }) };
  const ofSocket = { ...trusted, socketPath };
  if (socketPath !== undefined) return new Agent(ofSocket);
  if (port !== undefined) return new Agent({ ...trusted, host: '127.0.0.1', port });
  return new Agent({ ...trusted, proxyEnv: process.env, lookup: find });
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
