// Finds the answers in what one keep-alive HTTP/1.1 connection delivers, whatever the chunks. It knows just enough for
// a load generator: status, Content-Length, body; anything else (chunked bodies included) is a protocol error.

const HEAD_END = Buffer.from('\r\n\r\n');
const MAX_HEAD = 64 * 1024;
const MAX_BODY = 1024 * 1024;

/** The body is `bytes.subarray(from, to)`, valid during the call only; copied by who keeps it. `isLast`: of its connection. */
export type OnResponse = (status: number, bytes: Buffer, from: number, to: number, isLast: boolean) => void;

export class ResponseError extends Error {
  override readonly name = 'ResponseError';
}

export class ResponseScanner {
  readonly #onResponse: OnResponse;
  #held: Buffer[] = [];
  #heldLength = 0;
  /** Bytes needed before another look is worth while. */
  #needed = 0;

  constructor(onResponse: OnResponse) {
    this.#onResponse = onResponse;
  }

  /** @throws ResponseError when the bytes are not answers; the connection is of no more use. */
  push(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#heldLength > 0) {
      // Copied: the transport may use the memory of its chunk again.
      this.#held.push(Buffer.from(chunk));
      this.#heldLength += chunk.length;
      if (this.#heldLength < this.#needed) return;
      bytes = Buffer.concat(this.#held, this.#heldLength);
      this.#held = [];
      this.#heldLength = 0;
    }
    let at = 0;
    while (at < bytes.length) {
      const end = this.#scan(bytes, at);
      if (end < 0) break;
      at = end;
    }
    if (at < bytes.length) {
      this.#held = [Buffer.from(bytes.subarray(at))];
      this.#heldLength = bytes.length - at;
    }
  }

  /** True between two answers: nothing is left over. */
  get idle(): boolean {
    return this.#heldLength === 0;
  }

  /** End of the answer that starts at `start`, or -1 after noting how many bytes it takes. */
  #scan(bytes: Buffer, start: number): number {
    const headEnd = bytes.indexOf(HEAD_END, start);
    if (headEnd < 0) {
      if (bytes.length - start > MAX_HEAD) throw new ResponseError('head of an answer is too long');
      this.#needed = bytes.length - start + 1;
      return -1;
    }
    const head = bytes.toString('latin1', start, headEnd);
    const status = statusOf(head);
    const bodyStart = headEnd + HEAD_END.length;
    if (status < 200) return bodyStart;
    const end = bodyStart + (status === 204 || status === 304 ? 0 : contentLengthOf(head));
    if (end > bytes.length) {
      this.#needed = end - start;
      return -1;
    }
    this.#onResponse(status, bytes, bodyStart, end, LAST.test(head));
    return end;
  }
}

function statusOf(head: string): number {
  const status =
    head.startsWith('HTTP/1.1 ') && /^[1-5][0-9]{2}$/.test(head.slice(9, 12)) ? Number(head.slice(9, 12)) : 0;
  const after = head[12];
  if (status === 0 || (after !== undefined && after !== ' ' && after !== '\r')) {
    throw new ResponseError('an answer does not start with an HTTP/1.1 status line');
  }
  return status;
}

const LAST = /\r\nconnection:[ \t]*close[ \t]*(?=\r\n|$)/i;
const CONTENT_LENGTH = /\r\ncontent-length:[ \t]*([0-9]{1,7})[ \t]*(?=\r\n|$)/gi;

function contentLengthOf(head: string): number {
  CONTENT_LENGTH.lastIndex = 0;
  const found = CONTENT_LENGTH.exec(head);
  if (found === null) throw new ResponseError('an answer has no Content-Length');
  if (CONTENT_LENGTH.exec(head) !== null) throw new ResponseError('an answer has two Content-Lengths');
  const length = Number(found[1]);
  if (length > MAX_BODY) throw new ResponseError('an answer is too long');
  return length;
}
