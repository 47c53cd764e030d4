// A request as it goes over the wire, made once and sent many times.
import { type Hsm, requestHeaders } from './hsm.ts';

export interface PreparedRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

export function requestBytes({ method, path, body }: PreparedRequest, hsm: Hsm): Uint8Array {
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers = { host: hsm.endpoint.serverName, ...requestHeaders(hsm.token), 'content-length': text.length };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`);
}
