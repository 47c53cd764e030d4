// The endpoint of a witness, over HTTP or HTTPS: one path that takes checkpoints. Who asks is nobody's concern: the signature of the
// log is what counts.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { MAX_ADD_CHECKPOINT } from '../../formats/add-checkpoint.ts';
import { MANAGEMENT_PLANE } from '../../http/planes.ts';
import { readBody } from '../../http/read-body.ts';
import { makePlainServer, makeServer, openServer } from '../../http/server.ts';
import type { TlsFiles } from '../../http/tls/server-options.ts';
import { AcceptedLogs } from './accepted-logs.ts';
import { addCheckpoint } from './add-checkpoint.ts';
import { readIdentity, type WitnessIdentity } from './identity.ts';

export interface ServeOptions {
  readonly folder: string;
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  /** Absent: plain HTTP. */
  readonly tls?: TlsFiles;
  /** A line for the witness's operator. */
  readonly report: (line: string) => void;
  readonly now?: () => number;
}

export interface Serving extends AsyncDisposable {
  readonly port: number;
  readonly identity: WitnessIdentity;
}

const RULES = { ...MANAGEMENT_PLANE, maxConnections: 256 };
const PATH = '/add-checkpoint';

/** @throws WitnessRefusal when another process serves this folder, or a file in it was damaged */
export async function serveWitness({ folder, host, port, tls, report, now }: ServeOptions): Promise<Serving> {
  const identity = readIdentity(folder);
  const logs = new AcceptedLogs(folder, identity);
  await using stack = new AsyncDisposableStack();
  stack.use(logs.lock());
  logs.all();
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request).then(
      ([status, contentType, text]) => write(response, status, contentType, text),
      (error: unknown) => {
        report(`not cosigned: ${error instanceof Error ? error.message : String(error)}`);
        write(response, 500, PLAIN, 'the witness cannot answer; its operator was told why\n');
      },
    );
  };
  const answer = async (request: IncomingMessage): Promise<readonly [number, string, string]> => {
    const { method, url = '' } = request;
    if (url.split('?')[0] !== PATH) return [404, PLAIN, `this witness takes POST ${PATH}\n`];
    if (method !== 'POST') return [405, PLAIN, 'checkpoints are brought by POST\n'];
    const body = await bodyOf(request);
    if (body === undefined) return [400, PLAIN, `a body has at most ${MAX_ADD_CHECKPOINT} bytes of UTF-8\n`];
    const { status, contentType, text, noted } = addCheckpoint(body, logs, identity, now);
    if (noted !== undefined) report(`refused ${status}: ${noted}`);
    return [status, contentType, text];
  };
  const server = tls === undefined ? makePlainServer(RULES, take) : makeServer(RULES, tls, undefined, take);
  const listening = stack.use(await openServer(server, RULES, { host, port }));
  const owned = stack.move();
  return { port: listening.port, identity, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const PLAIN = 'text/plain; charset=utf-8';
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

class Unreadable extends Error {}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const unreadable = (): Error => new Unreadable();
  const rules = { droppedUpTo: 4 * MAX_ADD_CHECKPOINT, tooLarge: unreadable, lost: unreadable, unreadable };
  try {
    return await readBody(request, MAX_ADD_CHECKPOINT, rules, (bytes) => {
      try {
        return utf8.decode(bytes);
      } catch {
        throw new Unreadable();
      }
    });
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

function write(response: ServerResponse, status: number, contentType: string, text: string): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(text),
    ...(status === 405 ? { allow: 'POST' } : {}),
  });
  response.end(text);
}
