// Receivers that cost next to nothing, in a process of their own: they read, count bytes and answer. They stand for other machines, so
// whatever else wants the processor has it first.
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { constants, setPriority } from 'node:os';
import { createServer as createTlsServer } from 'node:tls';
import { throwAwayCertificate } from '../throw-away-certificate.ts';

/** What the parent hears first, and each time that it sends anything. */
export interface ReceiversSaid {
  readonly otlp: { readonly port: number; readonly bytes: number };
  readonly syslog: { readonly port: number; readonly bytes: number };
  /** PEM. */
  readonly authority: string;
}

setPriority(constants.priority.PRIORITY_LOW);
// The process is a session of its own: among those its own priority counts for nothing where Linux groups them.
writeFileSync('/proc/self/autogroup', '19');

const { key, certificate: cert } = throwAwayCertificate('localhost');
const bytes = { otlp: 0, syslog: 0 };
const otlp = createServer({ key, cert }, (request, response) => {
  request.on('data', ({ length }: Buffer) => {
    bytes.otlp += length;
  });
  request.on('end', () => response.end('{}'));
});
const syslog = createTlsServer({ key, cert }, (socket) => {
  socket.on('error', () => undefined); // the sink is told of it
  socket.on('data', ({ length }: Buffer) => {
    bytes.syslog += length;
  });
});
const listening = async (server: typeof otlp | typeof syslog): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};
const ports = { otlp: await listening(otlp), syslog: await listening(syslog) };
const say = (): void => {
  const said: ReceiversSaid = {
    otlp: { port: ports.otlp, bytes: bytes.otlp },
    syslog: { port: ports.syslog, bytes: bytes.syslog },
    authority: cert,
  };
  process.send?.(said);
};
process.on('message', say);
process.on('disconnect', () => process.exit());
say();
