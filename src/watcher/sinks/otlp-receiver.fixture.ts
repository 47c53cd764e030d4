// A receiver of OTLP logs over HTTPS, in tests: of the collector's answers it can give any.
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { Issued } from '../../deployment/dev-ca/issue.ts';

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string };
}

export interface LogRecord {
  readonly timeUnixNano?: string;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: { readonly stringValue: string };
  readonly attributes: readonly Attribute[];
}

export interface ExportedLogs {
  readonly resourceLogs: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeLogs: readonly { readonly logRecords: readonly LogRecord[] }[];
  }[];
}

export function valuesOf(attributes: readonly Attribute[]): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]));
}

export function recordsOf({ resourceLogs }: ExportedLogs): readonly LogRecord[] {
  return resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords));
}

export interface GivenAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export async function startOtlpReceiver(certificate: Issued) {
  const taken: ExportedLogs[] = [];
  const headers: Readonly<Record<string, unknown>>[] = [];
  const state: { answer: GivenAnswer | 'silence' | 'cut' } = { answer: { status: 200, body: '{}' } };
  const carry: RequestListener = (request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      headers.push(request.headers);
      const { answer } = state;
      if (answer === 'silence') return;
      if (answer === 'cut') return void request.socket.destroy();
      const body = Buffer.concat(pieces);
      const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      if (answer.status === 200) taken.push(JSON.parse(text.toString('utf8')) as ExportedLogs);
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  };
  const server = createServer({ key: certificate.key, cert: certificate.certificate }, carry);
  const listen = (port: number): Promise<void> => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    taken,
    headers,
    state,
    use: ({ key, certificate: cert }: Issued): void => server.setSecureContext({ key, cert }),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    again: () => listen(port),
  };
}
