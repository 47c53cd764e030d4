// Hands requests of the resource manager's clients on to an instance, over TLS to its own loopback port, under the host name
// that the instance has for them.
import { connect } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { proveConnection } from '../http/front-proof.ts';
import { handedOnHost } from '../http/name-form.ts';
import { call } from '../http/outbound.ts';
import type { TlsFiles } from '../http/tls/server-options.ts';
import type { AskInstance } from './management/arm-row.ts';

interface AskOptions {
  /** 0 or undefined: it does not serve. */
  readonly portOf: (hsm: string) => number | undefined;
  /** A name in the instance's certificate. */
  readonly serverName: (hsm: string) => string;
  /** PEM of the authority of the certificate, or of the certificate itself. */
  readonly ca: string | (() => string);
  /** As the front's, by which the instance knows who asks; absent: it takes connections of this machine without. */
  readonly frontToken?: () => Uint8Array | undefined;
  /** PEM, shown to an instance that wants certificates of its clients: the resource manager is one of them, with no way round it. */
  readonly certificate?: () => Pick<TlsFiles, 'key' | 'certificate'>;
  readonly withinMs?: number;
}

const WITHIN_MS = 30_000;
const MOST_BYTES = 8 * 1024 * 1024;

export function askInstanceOver(options: AskOptions): AskInstance {
  const { portOf, withinMs = WITHIN_MS } = options;
  return async ({ hsm, method, path, authorization, body }) => {
    const port = portOf(hsm);
    if (port === undefined || port === 0) return undefined;
    const headers = {
      host: handedOnHost(hsm),
      authorization,
      'user-agent': 'strongroom-resource-manager',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    try {
      const answer = await call(
        {
          url: new URL(path, `https://127.0.0.1:${port}`),
          method,
          headers,
          body: body === undefined ? undefined : JSON.stringify(body),
          withinMs,
          // The path as it was asked for. A connection is heeded only without an agent, so none is named.
          way: { createConnection: () => connectTo(port, hsm, options), path },
        },
        MOST_BYTES,
      );
      return { status: answer.status, json: parse(answer.body.toString('utf8')) };
    } catch {
      return undefined; // whatever keeps it from answering, it does not serve
    }
  };
}

function connectTo(port: number, hsm: string, { serverName, ca, frontToken, certificate }: AskOptions): TLSSocket {
  const own = certificate?.();
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const token = frontToken?.();
  // Heard before TLS begins, which waits for the connection too.
  if (token !== undefined)
    socket.once('connect', () => socket.write(proveConnection(socket, { secret: token, instance: hsm })));
  const secured = connectTls({
    socket,
    servername: serverName(hsm),
    ca: typeof ca === 'string' ? ca : ca(),
    allowPartialTrustChain: true,
    ...(own === undefined ? {} : { key: own.key, cert: own.certificate }),
  });
  socket.on('error', (error) => secured.destroy(error));
  return secured;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refusals before authentication are plain text
  }
}
