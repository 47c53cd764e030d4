// Stands between a client and the product, as a CONNECT proxy that opens the client's TLS under an authority of its own. It
// tells what passed, and answers for neighbours: services that the product is not, and that a configuration also needs.
import { createServer as createHttp, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { makeOperatorAuthority } from '../support/operator-authority.ts';

export interface Request {
  readonly method: string;
  readonly url: URL;
  readonly body: string;
  /** A token came with it. Clients of vaults ask without one, and without the body, to hear whose they need. */
  readonly authorized: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Undefined: not asked of this one. */
export type Neighbour = (request: Request) => Answer | Promise<Answer | undefined> | undefined;

export interface Behind {
  /** The product's own proxy, as an origin. */
  readonly proxy: string;
  /** Its authority, PEM. */
  readonly ca: string;
}

export interface Between extends AsyncDisposable {
  readonly proxy: string;
  /** PEM. */
  readonly authority: string;
}

export async function startBetween(
  behind: Behind,
  neighbours: readonly Neighbour[],
  told: (request: Request, answer: Answer) => void = () => undefined,
): Promise<Between> {
  const authority = await makeOperatorAuthority();
  const contexts = new Map<string, Promise<SecureContext>>();
  const contextFor = (name: string): Promise<SecureContext> => {
    const made =
      contexts.get(name) ??
      authority.issue([name]).then(({ key, certificate }) => createSecureContext({ key, cert: certificate }));
    contexts.set(name, made);
    return made;
  };
  const inner = createHttps(
    {
      SNICallback(name, done) {
        contextFor(name).then((context) => done(null, context), done);
      },
    },
    (asked, answer) => {
      pass(asked, answer).catch((error: unknown) => {
        console.error('between:', error);
        asked.socket.destroy();
      });
    },
  );
  const outer = createHttp((_asked, answer) => answer.writeHead(405).end());
  const open = new Set<Socket>();
  outer.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  outer.on('connect', (_asked: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    socket.unshift(head);
    inner.emit('connection', socket);
  });
  await new Promise<void>((resolve) => outer.listen(0, '127.0.0.1', resolve));

  async function pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of asked) pieces.push(piece as Buffer);
    const seen: Request = {
      method: asked.method ?? '',
      // Not `new URL(path, origin)`: of a path that begins with two slashes it makes a host.
      url: new URL(`https://${asked.headers.host ?? ''}${asked.url ?? '/'}`),
      body: Buffer.concat(pieces).toString('utf8'),
      authorized: asked.headers.authorization !== undefined,
    };
    for (const neighbour of neighbours) {
      const own = await neighbour(seen);
      if (own !== undefined) {
        answer.writeHead(own.status, { 'content-type': 'application/json', ...own.headers }).end(own.body);
        return;
      }
    }
    const given = await forward(behind, asked, seen);
    told(seen, given);
    answer.writeHead(given.status, given.headers).end(given.body);
  }

  return {
    proxy: `http://127.0.0.1:${(outer.address() as AddressInfo).port}`,
    authority: authority.certificate,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      inner.close();
      await new Promise((resolve) => outer.close(resolve));
    },
  };
}

async function forward(behind: Behind, asked: IncomingMessage, { method, url, body }: Request): Promise<Answer> {
  const socket = await tunnel(behind, url.hostname);
  return new Promise((resolve, reject) => {
    const { 'proxy-authorization': _, connection: __, ...headers } = asked.headers;
    const passed = request(
      { createConnection: () => socket, method, path: url.pathname + url.search, headers },
      (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () => {
          socket.destroy();
          const { connection: ___, 'transfer-encoding': ____, ...rest } = response.headers;
          const own = Object.entries(rest).map(([name, value]) => [name, String(value)] as const);
          resolve({
            status: response.statusCode ?? 500,
            headers: Object.fromEntries(own),
            body: Buffer.concat(pieces).toString('utf8'),
          });
        });
      },
    );
    passed.on('error', reject);
    passed.end(body);
  });
}

function tunnel({ proxy, ca }: Behind, host: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const asked = request(proxy, { method: 'CONNECT', path: `${host}:443`, agent: false });
    asked.on('error', reject);
    asked.on('connect', ({ statusCode }, socket) => {
      if (statusCode !== 200) {
        socket.destroy();
        return reject(new Error(`the product does not answer for ${host}: ${statusCode}`));
      }
      const opened = connectTls({ socket, servername: host, ca }, () => resolve(opened));
      opened.on('error', reject);
    });
    asked.end();
  });
}
