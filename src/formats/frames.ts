// Length-prefixed frames between our processes. Not a message format: what a payload means is said by each protocol's
// table (`fields.ts`). A frame is `u32 length | u32 id | u8 kind | payload`, little-endian; length counts what follows it.

/** Bytes of `id` and `kind`, the part of a frame's length that is not payload. */
export const FRAME_HEAD = 5;

/** The largest frame (length field) a peer may send unless its protocol sets a smaller one. */
export const MAX_FRAME = 4 * 1024 * 1024;

export interface Frame {
  readonly id: number;
  readonly kind: number;
  /** A view into the receive buffer: copy what must outlive the callback. */
  readonly payload: Buffer;
}

export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** Encodes one frame. */
export function encodeFrame(id: number, kind: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(4 + FRAME_HEAD + payload.length);
  frame.writeUInt32LE(FRAME_HEAD + payload.length, 0);
  frame.writeUInt32LE(id, 4);
  frame[8] = kind;
  frame.set(payload, 9);
  return frame;
}

/**
 * Cuts a byte stream into frames. `push` returns the frames completed by this chunk, in order.
 * @throws FrameError when a length is below the head's or above `max`: the stream cannot be trusted after that, the
 * caller ends the connection (or its own process).
 */
export class FrameReader {
  readonly #max: number;
  #pending: Buffer[] = [];
  #pendingLength = 0;

  constructor(max: number = MAX_FRAME) {
    this.#max = max;
  }

  push(chunk: Buffer): Frame[] {
    const buffer = this.#join(chunk);
    if (buffer === undefined) return [];
    const frames: Frame[] = [];
    let at = 0;
    while (buffer.length - at >= 4) {
      const length = buffer.readUInt32LE(at);
      this.#check(length);
      const end = at + 4 + length;
      if (end > buffer.length) break;
      frames.push({
        id: buffer.readUInt32LE(at + 4),
        kind: buffer[at + 8] as number,
        payload: buffer.subarray(at + 9, end),
      });
      at = end;
    }
    if (at < buffer.length) {
      this.#pending = [buffer.subarray(at)];
      this.#pendingLength = buffer.length - at;
    }
    return frames;
  }

  /** Joins what is pending with the chunk, once the first pending frame can be complete. */
  #join(chunk: Buffer): Buffer | undefined {
    if (this.#pendingLength === 0) return chunk;
    this.#pending.push(chunk);
    this.#pendingLength += chunk.length;
    const first = this.#pending[0] as Buffer;
    if (first.length >= 4) {
      const length = first.readUInt32LE(0);
      this.#check(length);
      if (this.#pendingLength < 4 + length) return undefined;
    }
    const joined = Buffer.concat(this.#pending, this.#pendingLength);
    this.#pending = [];
    this.#pendingLength = 0;
    return joined;
  }

  #check(length: number): void {
    if (length < FRAME_HEAD || length > this.#max) {
      throw new FrameError(`frame length ${length} is outside ${FRAME_HEAD}..${this.#max}`);
    }
  }
}

interface Sink {
  write(chunk: Buffer): unknown;
}

/**
 * Sends frames in as few writes as the load allows: every write wakes the peer, and under load that costs more than what is
 * written. What a callback sends itself leaves together when it ends, and so does all that promises send that it has settled.
 */
export class FrameWriter {
  readonly #sink: Sink;
  #queue: Buffer[] = [];

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  send(id: number, kind: number, payload: Uint8Array): void {
    if (this.#queue.push(encodeFrame(id, kind, payload)) === 1) process.nextTick(this.#flush);
  }

  #flush = (): void => {
    const queue = this.#queue;
    this.#queue = [];
    this.#sink.write(queue.length === 1 ? (queue[0] as Buffer) : Buffer.concat(queue));
  };
}
