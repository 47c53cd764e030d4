// A receiver of syslog over TLS, in tests: reads the frames of RFC 5425 strictly.
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';

export interface SyslogMessage {
  readonly priority: number;
  readonly time: string;
  readonly host: string;
  readonly app: string;
  readonly message: string;
  readonly data: string;
  readonly bytes: Buffer;
}

export function parseFrames(bytes: Buffer): readonly SyslogMessage[] {
  const messages: SyslogMessage[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [whole = '', length = ''] = /^([1-9]\d{0,5}) /.exec(bytes.toString('latin1', at, at + 8)) ?? [];
    if (whole === '') throw new Error(`no frame at ${at}`);
    const end = at + whole.length + Number(length);
    if (end > bytes.length) throw new Error('the last frame is cut off');
    messages.push(parseMessage(bytes.subarray(at + whole.length, end)));
    at = end;
  }
  return messages;
}

/** RFC 5424 §6, as far as ours goes. */
function parseMessage(bytes: Buffer): SyslogMessage {
  const form = /^<(\d{1,3})>1 (\S+) (\S+) (\S+) - (\S+) (\[(?:[^\]\\"]|"(?:[^"\\\]]|\\["\\\]])*")*\]) /;
  const [head, priority, time = '', host = '', app = '', message = '', data = ''] =
    form.exec(bytes.toString('latin1')) ?? [];
  if (head === undefined) throw new Error(`no message: ${bytes.toString('utf8', 0, 200)}`);
  return { priority: Number(priority), time, host, app, message, data, bytes: bytes.subarray(head.length) };
}

export async function startSyslogReceiver(options: TlsOptions) {
  const state = { act: 'reads' as 'reads' | 'silent' | 'cut' | 'ends at once' };
  const taken: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(options, (socket: TLSSocket) => {
    socket.on('error', () => undefined); // the sink is told of it
    const pieces: Buffer[] = [];
    if (state.act === 'silent') return;
    if (state.act === 'ends at once') return void socket.end();
    socket.on('data', (piece: Buffer) => {
      if (state.act === 'cut') return void socket.destroy();
      pieces.push(piece);
    });
    socket.on('end', () => taken.push(Buffer.concat(pieces)));
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined); // so is it here
  const listen = (port: number): Promise<void> => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    state,
    messages: () => taken.flatMap(parseFrames),
    use: (context: TlsOptions): void => server.setSecureContext(context),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
    again: () => listen(port),
  };
}
