// The health listener: HTTP, or HTTPS with certificates of clients. It takes nothing but the head of a small request, from few
// connections at once, so that whoever reaches it can take nothing from those that it is for but their turn.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HEALTH } from '../../http/planes.ts';
import { makePlainServer, makeServer, openServer } from '../../http/server.ts';
import { openRenewal, readTlsFiles, type TlsPaths } from '../../http/tls/renewal.ts';
import { tlsOptions } from '../../http/tls/server-options.ts';
import { answerHealth, type HealthAnswer, type HealthSources, plain } from './answers.ts';

export interface HealthListenerOptions {
  readonly address: string;
  /** 0: any. */
  readonly port: number;
  /** Absent: plain HTTP. */
  readonly tls?: TlsPaths | undefined;
  readonly sources: HealthSources;
  report(text: string): void;
}

/** Rejects with what the system says when nobody can listen there. */
export async function openHealthListener(options: HealthListenerOptions) {
  const { address, port, tls, sources, report } = options;
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    answer(sources, request).then(
      (found) => write(request, response, found),
      (error: unknown) => {
        report(`health: ${String(error)}`);
        write(request, response, plain(500, 'it could not be answered\n'));
      },
    );
  };
  await using stack = new AsyncDisposableStack();
  const place = { host: address, port };
  if (tls === undefined) {
    const { port: own } = stack.use(await openServer(makePlainServer(HEALTH, take), HEALTH, place));
    const owned = stack.move();
    return { port: own, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  }
  const files = readTlsFiles(tls);
  const server = makeServer(HEALTH, files, undefined, take);
  const { port: own } = stack.use(await openServer(server, HEALTH, place));
  stack.use(
    openRenewal(
      tls,
      files,
      (next) => server.setSecureContext(tlsOptions(next)),
      (error) => report(`health: TLS files that were replaced are not used: ${String(error)}`),
    ),
  );
  const owned = stack.move();
  return { port: own, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function answer(sources: HealthSources, { method, url = '/', headers }: IncomingMessage): Promise<HealthAnswer> {
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'GET and HEAD alone\n');
  return answerHealth(sources, url, headers.accept ?? '');
}

function write(request: IncomingMessage, response: ServerResponse, { status, contentType, text }: HealthAnswer): void {
  const body = Buffer.from(text);
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
    // A body is not read: it would be taken for the next request.
    ...(request.complete || !hasBody(request) ? {} : { connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
