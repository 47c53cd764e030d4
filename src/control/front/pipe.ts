// Joins a client's connection with a local listener: bytes both ways, with back pressure, half-close passed on, and an
// end when neither side has said anything for long.
import { connect, type Socket } from 'node:net';

const IDLE_MS = 5 * 60_000;
const CONNECT_MS = 5_000;

/**
 * `header` makes what goes before all else that the listener reads. `opened` runs when it has accepted; `failed` when it did not, and
 * then the client is the caller's again.
 */
export function joinWith(
  client: Socket,
  host: string,
  port: number,
  handlers: {
    readonly header?: (server: Socket) => Buffer;
    readonly opened: (server: Socket) => void;
    readonly failed: () => void;
  },
): void {
  const server = connect({ host, port, allowHalfOpen: true, noDelay: true });
  let isOpen = false;
  const destroyBoth = (): void => {
    client.destroy();
    server.destroy();
  };
  server.setTimeout(CONNECT_MS, () => server.destroy());
  server.once('connect', () => {
    isOpen = true;
    server.setTimeout(IDLE_MS, destroyBoth);
    client.setTimeout(IDLE_MS, destroyBoth);
    if (handlers.header !== undefined) server.write(handlers.header(server));
    handlers.opened(server);
    client.pipe(server);
    server.pipe(client);
  });
  // A broken connection ends both; why it broke is of no use to anyone.
  server.on('error', () => {});
  server.once('close', () => {
    if (!isOpen) handlers.failed();
    else if (server.errored !== null || !server.readableEnded) client.destroy();
  });
  client.once('close', () => server.destroy());
}
