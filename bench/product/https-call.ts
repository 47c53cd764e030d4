// One HTTPS request to a named service at a given address; JSON in and out. For preparing and checking, not for load.
import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** SNI, Host header, and the name in the certificate. */
  readonly serverName: string;
  readonly ca: string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly tls: string;
}

export function call(
  endpoint: Endpoint,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: endpoint.host,
      port: endpoint.port,
      servername: endpoint.serverName,
      ca: endpoint.ca,
      method,
      path,
      agent: false,
      timeout: 30_000,
      headers: { host: endpoint.serverName, ...headers, 'content-length': Buffer.byteLength(body ?? '') },
    });
    outgoing.on('error', reject);
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer in time`)));
    outgoing.on('response', (incoming) => {
      const socket = incoming.socket as TLSSocket;
      const tls = `${socket.getProtocol() ?? 'none'} ${socket.getCipher().name}`;
      const chunks: Buffer[] = [];
      incoming.on('error', reject);
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString(), tls }),
      );
    });
    outgoing.end(body);
  });
}
