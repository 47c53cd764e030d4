// Lays appends out as frames in large buffers, so that an entry is copied once between its string and the socket.
import { writeU64 } from '../../formats/journal-format.ts';
import { APPEND, APPEND_HEAD } from './messages.ts';

const CHUNK = 64 * 1024;
/** Length field, id and kind of a frame, then the append's own head. */
const HEAD = 9 + APPEND_HEAD;

export class AppendFrames {
  #full: Buffer[] = [];
  #chunk = Buffer.allocUnsafeSlow(CHUNK);
  #start = 0;
  #end = 0;

  add(counter: number, headSequence: number, entry: string): void {
    // A UTF-16 unit takes at most three bytes of UTF-8.
    const most = HEAD + entry.length * 3;
    if (this.#end + most > this.#chunk.length) this.#next(most);
    const chunk = this.#chunk;
    const at = this.#end;
    const written = chunk.write(entry, at + HEAD, 'utf8');
    chunk.writeUInt32LE(HEAD - 4 + written, at);
    chunk.writeUInt32LE(0, at + 4);
    chunk[at + 8] = APPEND;
    writeU64(chunk, counter, at + 9);
    writeU64(chunk, headSequence, at + 17);
    this.#end = at + HEAD + written;
  }

  /** The bytes added since the last call. */
  take(): Buffer[] {
    const chunks = this.#full;
    if (this.#end > this.#start) chunks.push(this.#chunk.subarray(this.#start, this.#end));
    this.#full = [];
    this.#start = this.#end;
    return chunks;
  }

  /** The socket keeps what it was given, so a new buffer begins when this one is used up. */
  #next(least: number): void {
    if (this.#end > this.#start) this.#full.push(this.#chunk.subarray(this.#start, this.#end));
    this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK, least));
    this.#start = 0;
    this.#end = 0;
  }
}
