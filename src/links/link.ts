// One end of a supervision link: typed messages in frames over the socket pair between the supervisor and a child.
// Both ends use it. It knows nothing of what the messages mean, and what a peer sends that is malformed ends the link.
import type { Socket } from 'node:net';
import type { FieldList, Values } from '../formats/fields.ts';
import { FrameWriter } from '../formats/frame-writer.ts';
import { type Frame, FrameReader } from '../formats/frames.ts';
import { done, failed, type LinkMessage, MAX_SUPERVISION_FRAME } from './messages.ts';

/** The peer answered a request with `failed`. */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

type Handler = (payload: Buffer, id: number) => void;

export class Link {
  readonly #socket: Socket;
  readonly #writer: FrameWriter;
  readonly #handlers = new Map<number, Handler>();
  readonly #waiting = new Map<number, { resolve: () => void; reject: (reason: Error) => void }>();
  #lastId = 0;
  #refused: unknown;

  /** Resolves (never rejects) when the peer is gone, ended the link, or sent something malformed. */
  readonly closed: Promise<void>;

  constructor(socket: Socket) {
    this.#socket = socket;
    // Written through at once: messages are rare, and the last words of a process must leave before it does.
    this.#writer = new FrameWriter({ write: (chunk) => socket.writable && socket.write(chunk) }, () => true);
    const reader = new FrameReader(MAX_SUPERVISION_FRAME);
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) this.#receive(frame);
      } catch (error) {
        this.#refused = error;
        socket.destroy();
      }
    });
    // The reason of a broken link is of no use to anyone here: that it is closed is what counts.
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        for (const { reject } of this.#waiting.values()) reject(new RequestFailed('LinkClosed', 'the link has closed'));
        this.#waiting.clear();
        resolve();
      });
      socket.once('end', () => socket.destroy());
    });
  }

  /** Sends one message; silently nothing once the link is closed. `id` is that of the request being answered. */
  send<L extends FieldList>(message: LinkMessage<L>, values: Values<L>, id = 0): void {
    if (this.#socket.destroyed) return;
    this.#writer.send(id, message.code, message.fields.encode(values));
  }

  /** Sends a request and waits for `done`. @throws RequestFailed when it is answered by `failed` or the link closes */
  request<L extends FieldList>(message: LinkMessage<L>, values: Values<L>): Promise<void> {
    if (this.#socket.destroyed) return Promise.reject(new RequestFailed('LinkClosed', 'the link has closed'));
    this.#lastId = (this.#lastId % 0xffffffff) + 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.send(message, values, id);
    });
  }

  /** Calls `handler` for every message of this kind. A message without a handler ends the link. */
  on<L extends FieldList>(message: LinkMessage<L>, handler: (values: Values<L>, id: number) => void): void {
    this.#handlers.set(message.code, (payload, id) => {
      // A view into the receive buffer would change under a handler that keeps it.
      handler(message.fields.decode(Buffer.from(payload)), id);
    });
  }

  /** Why this end closed the link, when a message of the peer was the reason. */
  get refused(): unknown {
    return this.#refused;
  }

  /** Ends the link: for a child this is the request to stop. What was sent before is still delivered. */
  end(): void {
    this.#socket.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    return this.closed;
  }

  #receive(frame: Frame): void {
    if (frame.kind === done.code || frame.kind === failed.code) {
      const waiting = this.#waiting.get(frame.id);
      if (waiting === undefined) throw new Error('an answer without a request');
      this.#waiting.delete(frame.id);
      if (frame.kind === done.code) {
        done.fields.decode(frame.payload);
        waiting.resolve();
      } else {
        const { code, message } = failed.fields.decode(frame.payload);
        waiting.reject(new RequestFailed(code, message));
      }
      return;
    }
    const handler = this.#handlers.get(frame.kind);
    if (handler === undefined) throw new Error(`message ${frame.kind} is not expected here`);
    handler(frame.payload, frame.id);
  }
}
