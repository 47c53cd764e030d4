// Hands requests of the resource manager's clients on to an instance, over TLS to its own loopback port, under the host name
// that the instance has for them.
import { request } from 'node:https';
import { connect } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { introduce } from '../http/front-proof.ts';
import { handedOnHost } from '../http/name-form.ts';
import type { TlsFiles } from '../http/tls/server-options.ts';
import type { AskInstance, InstanceAnswer } from './management/arm-keys/ask-instance.ts';

export interface AskOptions {
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
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      host: handedOnHost(hsm),
      authorization,
      'user-agent': 'strongroom-resource-manager',
      ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    };
    return new Promise<InstanceAnswer | undefined>((resolve) => {
      const asked = request(
        {
          // Heeded only without an agent, so none is named.
          createConnection: () => connectTo(port, hsm, options),
          method,
          path,
          headers,
          timeout: withinMs,
        },
        (response) => {
          const chunks: Buffer[] = [];
          let length = 0;
          response.on('data', (chunk: Buffer) => {
            length += chunk.length;
            if (length > MOST_BYTES) asked.destroy();
            chunks.push(chunk);
          });
          response.on('error', () => resolve(undefined));
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, json: parse(Buffer.concat(chunks).toString('utf8')) });
          });
        },
      );
      asked.on('timeout', () => asked.destroy());
      // Whatever keeps it from answering, it does not serve.
      asked.on('error', () => resolve(undefined));
      asked.end(text);
    });
  };
}

function connectTo(port: number, hsm: string, { serverName, ca, frontToken, certificate }: AskOptions): TLSSocket {
  const own = certificate?.();
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const token = frontToken?.();
  // Heard before TLS begins, which waits for the connection too.
  if (token !== undefined)
    socket.once('connect', () => socket.write(introduce(socket, { secret: token, instance: hsm })));
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
