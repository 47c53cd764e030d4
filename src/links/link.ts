// One end of a supervision link: typed messages in frames over the socket pair between the supervisor and a child.
// Both ends use it. It knows nothing of what the messages mean, and what a peer sends that is malformed ends the link.
import type { Socket } from 'node:net';
import { encodeFrame, FRAME_HEAD, type Frame, FrameReader } from '../formats/frames.ts';
import { done, failed, type LinkMessage, MAX_SUPERVISION_FRAME, type Question } from './messages.ts';

/** The peer answered a question with `failed`, or has gone. */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const MAX_PAYLOAD = MAX_SUPERVISION_FRAME - FRAME_HEAD;
/** More than all that is ever said at once. */
const MOST_UNREAD = 128 * 1024 * 1024;
const FAILED = { code: 'Failed', message: 'it was not done' } as const;

interface Waiting {
  answered(answer: unknown): void;
  failed(reason: Error): void;
}

export class Link {
  readonly #socket: Socket;
  readonly #handlers = new Map<number, (payload: Buffer, id: number) => void>();
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #refused: unknown;

  /** Resolves (never rejects) when the peer is gone, ended the link, or sent something malformed. */
  readonly closed: Promise<void>;

  constructor(socket: Socket) {
    this.#socket = socket;
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
        for (const waiting of this.#waiting.values()) waiting.failed(linkClosed());
        this.#waiting.clear();
        resolve();
      });
      socket.once('end', () => socket.destroy());
    });
  }

  /** Sends one message; silently nothing once the link is closed. What the peer would not read is only said to be so. */
  send<V>(message: LinkMessage<V>, values: V): void {
    try {
      this.#send(message, values, 0);
    } catch (error) {
      process.stderr.write(`message ${message.code} was not sent: ${String(error)}\n`);
    }
  }

  /** @throws RequestFailed when it is answered by `failed` or the link closes, or where it has no room in a frame */
  request<V, A>(question: Question<V, A>, values: V): Promise<A> {
    if (this.#socket.destroyed) return Promise.reject(linkClosed());
    this.#lastId = (this.#lastId % 0xffffffff) + 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, {
        answered: (answer) => resolve(question.readAnswer(answer, 'answer')),
        failed: reject,
      });
      try {
        this.#send(question, values, id);
      } catch (error) {
        this.#waiting.delete(id);
        throw error;
      }
    });
  }

  /** Calls `handler` for every message of this kind. A message without a handler, or that the handler refuses, ends the link. */
  on<V>(message: LinkMessage<V>, handler: (values: V) => void): void {
    this.#handlers.set(message.code, (payload) => handler(message.decode(payload)));
  }

  /** Answers every question of this kind. @param refusal what is said of why it was not done */
  answer<V, A>(
    question: Question<V, A>,
    work: (values: V) => A | Promise<A>,
    refusal: (error: unknown) => { readonly code: string; readonly message: string } = () => FAILED,
  ): void {
    this.#handlers.set(question.code, (payload, id) => {
      Promise.try(work, question.decode(payload))
        .then(
          (answer) => this.#send(done, { answer: answer ?? null }, id),
          (error: unknown) => this.#send(failed, refusal(error), id),
        )
        .catch(() => this.#send(failed, FAILED, id)); // it has no room
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

  #send<V>(message: LinkMessage<V>, values: V, id: number): void {
    if (this.#socket.destroyed) return;
    const payload = message.encode(values);
    // It would end the link: what is in it may be another's word, which is no fault of the two at its ends.
    if (payload.length > MAX_PAYLOAD)
      throw new RequestFailed('TooLong', `${payload.length} bytes have no room in a frame`);
    // It asks, or is told, and does not read: what waits for it is kept here.
    if (this.#socket.writableLength > MOST_UNREAD) {
      this.#refused = new Error('it does not read what it is sent');
      this.#socket.destroy();
      return;
    }
    // At once: messages are rare, and the last words of a process must leave before it does.
    if (this.#socket.writable) this.#socket.write(encodeFrame(id, message.code, payload));
  }

  #receive({ id, kind, payload: view }: Frame): void {
    // A view into the receive buffer would change under a handler that keeps it.
    const payload = Buffer.from(view);
    if (kind === done.code || kind === failed.code) {
      const waiting = this.#waiting.get(id);
      if (waiting === undefined) throw new Error('an answer without a request');
      if (kind === done.code) waiting.answered(done.decode(payload).answer);
      else {
        const { code, message } = failed.decode(payload);
        waiting.failed(new RequestFailed(code, message));
      }
      this.#waiting.delete(id);
      return;
    }
    const handler = this.#handlers.get(kind);
    if (handler === undefined) throw new Error(`message ${kind} is not expected here`);
    handler(payload, id);
  }
}

function linkClosed(): RequestFailed {
  return new RequestFailed('LinkClosed', 'the link has closed');
}
