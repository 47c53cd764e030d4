// What may be asked of a service worker about the seal of its module, over a Unix socket in the instance's private folder:
// one JSON document each way for each connection. Secrets in it are encrypted to a partition of the module.
import { randomBytes } from 'node:crypto';
import { chmodSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { CryptoError, type CryptoErrorCode } from '../../crypto/protocol/messages.ts';
import { list, oneOf, type Reader, record, ShapeError, text } from '../../formats/shape.ts';
import { noteSocket } from './socket-notes.ts';

const anything: Reader<unknown> = (value) => value;
const shapes = {
  /** State and seal. */
  show: record({ ask: oneOf('show') }),
  /** The unlock certificate, standard base64 DER. */
  certificate: record({ ask: oneOf('certificate') }),
  /** `secret`: a JWE of the passphrase, else ''. */
  unlock: record({ ask: oneOf('unlock'), recipient: text, secret: text, packets: list(anything, 10) }),
  /** The key to which a worker beside this one can encrypt the seal key, standard base64 DER. */
  recipientKey: record({ ask: oneOf('recipientKey') }),
  /** The seal key for a worker beside this one. */
  handOver: record({ ask: oneOf('handOver'), key: text }),
  takeOver: record({ ask: oneOf('takeOver'), recipient: text, sealed: text }),
} as const;
export type UnlockRequest = ReturnType<(typeof shapes)[keyof typeof shapes]>;
const asked = oneOf('show', 'certificate', 'unlock', 'recipientKey', 'handOver', 'takeOver');

/** Ten packets of 64 KiB, and room. */
const MOST = 1024 * 1024;
/** To send a request; judging it may take longer. */
const PATIENCE_MS = 10_000;
const ANSWER_MS = 120_000;

/** @returns the request @throws ShapeError */
export function readUnlockRequest(value: unknown): UnlockRequest {
  const { ask } = (typeof value === 'object' && value !== null ? value : {}) as { readonly ask?: unknown };
  return shapes[asked(ask, 'ask')](value, 'request');
}

/** Answers until disposed. The name cannot be guessed: the control process may connect to whatever it can name. */
export async function listenForUnlocking(
  folder: string,
  worker: number,
  answer: (request: UnlockRequest) => Promise<object>,
): Promise<AsyncDisposable & { readonly path: string }> {
  for (const each of readdirSync(folder)) {
    if (each.startsWith(`unlock${worker}-`)) rmSync(join(folder, each), { force: true });
  }
  const name = `unlock${worker}-${randomBytes(9).toString('base64url')}.sock`;
  const path = join(folder, name);
  const open = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    void serve(socket, answer);
  });
  server.maxConnections = 32;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  const note = noteSocket(folder, worker, name);
  return {
    path,
    async [Symbol.asyncDispose]() {
      rmSync(note, { force: true });
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

async function serve(socket: Socket, answer: (request: UnlockRequest) => Promise<object>): Promise<void> {
  let reply: object;
  try {
    reply = { answer: await answer(readUnlockRequest(JSON.parse(await readAll(socket, PATIENCE_MS)))) };
  } catch (error) {
    if (error instanceof CryptoError) reply = { refused: { code: error.code, message: error.message } };
    else if (error instanceof ShapeError) reply = { refused: { code: 'BadRequest', message: error.message } };
    else reply = { refused: { code: 'Internal', message: 'the worker failed' } };
  }
  if (!socket.destroyed) socket.end(JSON.stringify(reply));
}

/** The peer is gone, or was never there. */
export class NobodyAnswers extends Error {
  override readonly name = 'NobodyAnswers';
}

/** @throws CryptoError what the module refused; NobodyAnswers */
export async function askWorker(path: string, request: UnlockRequest): Promise<Readonly<Record<string, unknown>>> {
  const socket = connect({ path, allowHalfOpen: true });
  let content: string;
  try {
    socket.end(JSON.stringify(request));
    content = await readAll(socket, ANSWER_MS);
  } catch (cause) {
    throw new NobodyAnswers('no worker answers', { cause });
  } finally {
    socket.destroy();
  }
  let reply: {
    readonly answer?: Readonly<Record<string, unknown>>;
    readonly refused?: { code: string; message: string };
  };
  try {
    reply = JSON.parse(content) as typeof reply;
  } catch (cause) {
    throw new NobodyAnswers('the worker ended before it answered', { cause });
  }
  if (reply.answer !== undefined) return reply.answer;
  const { code = 'Internal', message = 'the worker failed' } = reply.refused ?? {};
  throw new CryptoError(code as CryptoErrorCode, message);
}

/** What the peer sends until it ends its side; the other side stays open for the answer. */
async function readAll(socket: Socket, patience: number): Promise<string> {
  const timer = setTimeout(() => socket.destroy(new Error('took too long')), patience);
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MOST) socket.destroy(new Error('is too long'));
    }
    return Buffer.concat(chunks).toString('utf8');
  } finally {
    clearTimeout(timer);
  }
}
