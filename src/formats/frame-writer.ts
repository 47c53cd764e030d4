// The sending side of frames, for whoever has many of them under way.
import { encodeFrame } from './frames.ts';

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
