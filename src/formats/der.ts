// DER (X.690), elements one at a time: signatures, private keys, certificates and stores of them are written with it, and what is
// read of them. Definite, minimal lengths only; what decodes has exactly one encoding.

export class DerError extends Error {
  override readonly name = 'DerError';
}

export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const NULL = 0x05;
export const OBJECT_ID = 0x06;
export const SEQUENCE = 0x30;
export const SET = 0x31;

/** Reads the elements of one content in order. */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The tag of the next element, or undefined at the end. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** Content of the next element, which must have the tag; a view. @throws DerError */
  take(tag: number): Uint8Array {
    if (this.#bytes[this.#at] !== tag) throw new DerError('unexpected tag');
    const { start, end } = this.#span();
    this.#at = end;
    return this.#bytes.subarray(start, end);
  }

  /** A non-negative INTEGER without its sign byte; a view. @throws DerError */
  takeUnsigned(): Uint8Array {
    const content = this.take(INTEGER);
    const first = content[0];
    if (first === undefined || first >= 0x80) throw new DerError('not a non-negative integer');
    if (first !== 0 || content.length === 1) return content;
    if ((content[1] as number) < 0x80) throw new DerError('integer is not minimal');
    return content.subarray(1);
  }

  /** What was not taken; a view. */
  rest(): Uint8Array {
    return this.#bytes.subarray(this.#at);
  }

  /** @throws DerError when elements are left */
  end(): void {
    if (!this.done) throw new DerError('spare bytes');
  }

  #span(): { start: number; end: number } {
    const first = this.#bytes[this.#at + 1];
    if (first === undefined) throw new DerError('ends early');
    let start = this.#at + 2;
    let length = first;
    if (first >= 0x80) {
      const count = first & 0x7f;
      if (count === 0 || count > 2) throw new DerError('length is out of range');
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + (this.#bytes[start + i] ?? 0);
      start += count;
      if (length < (count === 1 ? 0x80 : 0x100)) throw new DerError('length is not minimal');
    }
    if (start + length > this.#bytes.length) throw new DerError('ends early');
    return { start, end: start + length };
  }
}

/** One element. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > 0xffffff) throw new DerError('too long');
  const digits = [length >> 16, length >> 8, length].map((digit) => digit & 0xff);
  const minimal = digits.slice(length < 0x100 ? 2 : length < 0x1_0000 ? 1 : 0);
  const header = length < 0x80 ? [tag, length] : [tag, 0x80 + minimal.length, ...minimal];
  const out = Buffer.alloc(header.length + length);
  out.set(header);
  let at = header.length;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The same of a private key: the parts are overwritten once they are copied. */
export function derSecret(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const out = der(tag, ...parts);
  for (const part of parts) part.fill(0);
  return out;
}

/** Big-endian bytes as a non-negative INTEGER; the argument is left alone. */
export function derUnsigned(bytes: Uint8Array): Buffer {
  const digits = withoutLeadingZeros(bytes);
  const signed = Buffer.alloc(digits.length + 1);
  signed.set(digits, 1);
  const needsSign = digits.length === 0 || (digits[0] as number) >= 0x80;
  return derSecret(INTEGER, needsSign ? signed : signed.subarray(1));
}

/** @param hex its content */
export function derObjectId(hex: string): Buffer {
  return der(OBJECT_ID, Buffer.from(hex, 'hex'));
}

export function withoutLeadingZeros(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start++;
  return bytes.subarray(start);
}

/** ECDSA-Sig-Value (RFC 3279 §2.2.3), as OpenSSL has it → r‖s, each `width` bytes, as the wire has it. @throws DerError */
export function ecdsaFromDer(bytes: Uint8Array, width: number): Buffer {
  const outer = new DerReader(bytes);
  const numbers = new DerReader(outer.take(SEQUENCE));
  outer.end();
  const signature = Buffer.alloc(2 * width);
  for (const end of [width, 2 * width]) {
    const number = numbers.takeUnsigned();
    if (number.length > width) throw new DerError('integer is too wide');
    signature.set(number, end - number.length);
  }
  numbers.end();
  return signature;
}

/** r‖s of equal halves → ECDSA-Sig-Value. */
export function ecdsaToDer(signature: Uint8Array): Buffer {
  const width = signature.length / 2;
  return der(SEQUENCE, derUnsigned(signature.subarray(0, width)), derUnsigned(signature.subarray(width)));
}
