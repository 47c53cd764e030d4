// The sending side of frames, for whoever has many of them under way.
import { encodeFrame } from './frames.ts';

interface Sink {
  write(chunk: Buffer): unknown;
}

/**
 * Sends frames in as few writes as the load allows: every write wakes the peer, and under load that costs more than what
 * is written. A frame leaves at once when nothing else is under way, otherwise with all others of this turn of the loop.
 */
export class FrameWriter {
  readonly #sink: Sink;
  readonly #isIdle: () => boolean;
  #queue: Buffer[] = [];
  #scheduled = false;

  /** @param isIdle whether the frame being sent is the only one that the peer has to see to */
  constructor(sink: Sink, isIdle: () => boolean) {
    this.#sink = sink;
    this.#isIdle = isIdle;
  }

  send(id: number, kind: number, payload: Uint8Array): void {
    const frame = encodeFrame(id, kind, payload);
    if (!this.#scheduled && this.#isIdle()) {
      this.#sink.write(frame);
      return;
    }
    this.#queue.push(frame);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#flush);
  }

  #flush = (): void => {
    this.#scheduled = false;
    const queue = this.#queue;
    this.#queue = [];
    this.#sink.write(queue.length === 1 ? (queue[0] as Buffer) : Buffer.concat(queue));
  };
}
