// The one port that everything is reached at, on loopback unless another address is given. A connection that begins with TLS goes to whoever serves the
// name it asks for; on loopback one that begins with CONNECT is a proxy request for such a name. Nothing else passes, so
// nothing leaves this machine through here, and no byte of TLS is ever decrypted.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { MAX_CLIENT_HELLO, readClientHello } from '../../formats/client-hello.ts';
import { ownCommand } from '../../formats/own-command.ts';
import { peerAddress } from '../../http/connection.ts';
import { proveConnection } from '../../http/front-proof.ts';
import { type Held, OpenConnections } from '../../http/limits/open-connections.ts';
import { MAX_HEAD, readConnectHead } from './connect-head.ts';
import type { Target } from './names-table.ts';
import { joinWith } from './pipe.ts';

export interface FrontOptions {
  /** 0: any free one. */
  readonly port: number;
  /** Where clients come to, who then need no proxy; absent: 127.0.0.1 and, where the machine has it, ::1. */
  readonly address?: string;
  /**
   * At once from one address, of those that have shown no valid token, and again of those that have. Absent: as many as there may
   * be in all. Who is led to an instance is counted there, which hears of tokens.
   */
  readonly connectionsPerAddress?: number;
  readonly resolve: (hostname: string) => Target;
  /** Where the instance of a resolved name listens besides, at a port that a proxy request names; absent: nowhere. */
  readonly besides?: (instance: string, port: number) => Place | undefined;
  /** What the keys are made of by which instances know this front, so that they believe it who a client is; undefined: not known yet. */
  readonly token: () => Uint8Array | undefined;
  /** Told who is led to the control process's own listener, before that hears anything of them; `known` is for it to call when they show a valid token. */
  readonly led?: (server: Socket, client: string, known: () => void) => void;
  /** Where TLS connections without a (known) server name go: the control process's own listener. */
  readonly fallbackPort: () => number;
  /** Time for a client to say what it wants; tests shorten it. */
  readonly openingMs?: number;
  readonly maxConnections?: number;
}

/** What a proxy request may lead to besides the front's own targets: its client is not introduced there. */
export interface Place {
  readonly address: string;
  readonly port: number;
}

export type Front = Awaited<ReturnType<typeof openFront>>;

const TLS_HANDSHAKE = 0x16;
/** Each piece of a beginning has all before it read again; clients send theirs in one or two. */
const MOST_PIECES = 64;

export async function openFront(options: FrontOptions) {
  const sockets = new Set<Socket>();
  const open = new OpenConnections(options.connectionsPerAddress ?? Number.POSITIVE_INFINITY);
  const handle = (socket: Socket): void => {
    const held = open.add(peerAddress(socket.remoteAddress), socket);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    welcome(socket, held, options);
  };
  const servers = [await listen(options, handle, options.address ?? '127.0.0.1', options.port)];
  const port = (servers[0]?.address() as AddressInfo).port;
  try {
    if (options.address === undefined) servers.push(await listen(options, handle, '::1', port));
  } catch (error) {
    // Machines without IPv6, or with that one port taken there: IPv4 is enough.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT' && code !== 'EADDRINUSE') throw error;
  }
  return {
    port,
    async [Symbol.asyncDispose](): Promise<void> {
      const closed = servers.map((server) => once(server, 'close'));
      for (const server of servers) server.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

async function listen(
  { maxConnections = 8_192 }: FrontOptions,
  handle: (socket: Socket) => void,
  host: string,
  port: number,
): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, handle);
  server.maxConnections = maxConnections;
  server.listen({ host, port, ipv6Only: host === '::1' });
  await once(server, 'listening');
  return server;
}

/** Reads as much as is needed to know where the connection is going. */
function welcome(socket: Socket, held: Held, options: FrontOptions): void {
  const { openingMs = 10_000 } = options;
  let received = Buffer.alloc(0);
  let pieces = 0;
  const timer = setTimeout(() => socket.destroy(), openingMs);
  socket.on('error', () => {}); // the 'close' that follows is handled
  socket.once('close', () => clearTimeout(timer));
  const hangUp = (words: string): void => void socket.end(words, () => socket.destroySoon());
  const decide = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk]);
    pieces += 1;
    const decision = decisionOn(received, options);
    if (decision === 'wait') {
      if (pieces >= MOST_PIECES) socket.destroy();
      return;
    }
    clearTimeout(timer);
    socket.off('data', decide);
    socket.off('end', giveUp);
    socket.pause();
    if (typeof decision === 'object') lead(decision);
    else hangUp(decision);
  };
  const lead = ({ address, port, instance, consumed, greeting, apology }: Way): void => {
    socket.unshift(received.subarray(consumed));
    const header = instance === undefined ? undefined : introduction(socket, instance, options.token());
    if (instance !== undefined && header === undefined) return hangUp(apology);
    joinWith(socket, address ?? '127.0.0.1', port, {
      ...(header === undefined ? {} : { header }),
      opened(server) {
        if (instance !== undefined) held.release();
        else if (address === undefined) options.led?.(server, peerAddress(socket.remoteAddress), held.known);
        if (greeting !== undefined) socket.write(greeting);
      },
      failed: () => hangUp(apology),
    });
  };
  const giveUp = (): void => {
    socket.destroy();
  };
  socket.on('data', decide);
  socket.once('end', giveUp);
}

/** Who the client is, for the instance: a header that only this front can write. */
function introduction(
  { remoteAddress, remotePort: port = 0 }: Socket,
  instance: string,
  token: Uint8Array | undefined,
): ((server: Socket) => Buffer) | undefined {
  // One with a zone names no client: no rule could let it in.
  const address = peerAddress(remoteAddress);
  if (token === undefined || address === '') return undefined;
  return (server) => proveConnection(server, { secret: token, instance, client: { address, port } });
}

/** More is needed; or where it goes; or what is said before it is closed. */
type Decision = 'wait' | Way | `HTTP/1.1 ${string}` | '';
interface Way {
  /** Absent: this machine's own. */
  readonly address?: string;
  readonly port: number;
  /** Its name. */
  readonly instance: string | undefined;
  /** Bytes that were for us. */
  readonly consumed: number;
  readonly greeting?: string;
  readonly apology: string;
}

function decisionOn(received: Buffer, options: FrontOptions): Decision {
  if (received[0] === TLS_HANDSHAKE) return readTls(received, options);
  return options.address === undefined ? readProxy(received, options) : '';
}

function readTls(bytes: Buffer, { resolve, fallbackPort }: FrontOptions): Decision {
  const hello = readClientHello(bytes.subarray(0, MAX_CLIENT_HELLO));
  if (hello.kind === 'incomplete') return 'wait';
  if (hello.kind === 'malformed') return '';
  const target: Target = hello.serverName === undefined ? { kind: 'unknown' } : resolve(hello.serverName);
  const way = { consumed: 0, apology: '' };
  switch (target.kind) {
    case 'down':
      return '';
    case 'serving':
      return { port: target.port, instance: target.instance, ...way };
    case 'unknown':
      return { port: fallbackPort(), instance: undefined, ...way };
  }
}

function readProxy(bytes: Buffer, { resolve, besides }: FrontOptions): Decision {
  const head = readConnectHead(bytes.subarray(0, MAX_HEAD + 4));
  switch (head.kind) {
    case 'incomplete':
      return 'wait';
    case 'malformed':
      return reply('400 Bad Request', 'This port speaks TLS and CONNECT.');
    case 'other':
      return reply('403 Forbidden', 'This port speaks TLS and CONNECT; nothing is forwarded.');
    case 'connect': {
      const target = resolve(head.host);
      if (target.kind === 'unknown') {
        // Clients show the status line of a proxy, and hardly any its body.
        const [reason, ...more] = whyUnknown(head.host, target.instance);
        return reply(`403 ${reason}`, [`${reason}; nothing is forwarded.`, ...more].join('\n'));
      }
      if (target.kind === 'down') return reply('503 Service Unavailable', 'Not serving now.');
      const place = target.instance === undefined ? undefined : besides?.(target.instance, head.port);
      return {
        ...(place ?? { port: target.port }),
        instance: place === undefined ? target.instance : undefined,
        consumed: head.length,
        greeting: 'HTTP/1.1 200 Connection established\r\n\r\n',
        apology: reply('502 Bad Gateway', 'The service did not accept the connection.'),
      };
    }
  }
}

/** The reason, and lines on the way out. Of a name only what may be an instance's goes into the status line. */
function whyUnknown(host: string, instance: string | undefined): readonly [string, ...string[]] {
  if (instance !== undefined && /^[a-z0-9-]{1,63}$/.test(instance)) {
    return [`no HSM named ${instance} here`, `Those that there are: ${ownCommand('status')}`];
  }
  return [
    'this proxy reaches Strongroom only',
    `${host} is not a name of Strongroom, but the variables of '${ownCommand('env')}' send all HTTPS of this shell here.`,
    `To let this host go direct: eval "$(${ownCommand(`env --pass ${host}`)})". Or use another shell, without these variables.`,
  ];
}

function reply(status: string, text: string): `HTTP/1.1 ${string}` {
  return `HTTP/1.1 ${status}\r\ncontent-type: text/plain\r\ncontent-length: ${text.length + 1}\r\nconnection: close\r\n\r\n${text}\n`;
}
