// The little DER that signatures need (X.690): DigestInfo for nobody, ECDSA-Sig-Value for everybody. OpenSSL and the
// wire disagree on the form of an ECDSA signature; this turns one into the other. Not a general ASN.1 reader.

export class DerError extends Error {
  override readonly name = 'DerError';
}

/** ECDSA-Sig-Value (RFC 3279 §2.2.3) → r‖s, each `width` bytes. @throws DerError */
export function ecdsaFromDer(der: Uint8Array, width: number): Buffer {
  const signature = Buffer.alloc(2 * width);
  const body = readHeader(der, 0, 0x30);
  if (body.end !== der.length) throw new DerError('spare bytes after the signature');
  const r = readHeader(der, body.start, 0x02);
  const s = readHeader(der, r.end, 0x02);
  if (s.end !== body.end) throw new DerError('spare bytes in the signature');
  putUnsigned(der, r, signature, 0, width);
  putUnsigned(der, s, signature, width, width);
  return signature;
}

/** r‖s of equal halves → ECDSA-Sig-Value. */
export function ecdsaToDer(signature: Uint8Array): Buffer {
  const width = signature.length / 2;
  const r = integer(signature.subarray(0, width));
  const s = integer(signature.subarray(width));
  const length = r.length + s.length;
  const header = length < 0x80 ? [0x30, length] : [0x30, 0x81, length];
  return Buffer.concat([Uint8Array.from(header), r, s]);
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Length in short form or one long byte: an ECDSA signature never needs more. */
function readHeader(der: Uint8Array, at: number, tag: number): Span {
  if (der[at] !== tag) throw new DerError('unexpected tag');
  const first = der[at + 1];
  if (first === undefined) throw new DerError('the signature ends early');
  let start = at + 2;
  let length = first;
  if (first === 0x81) {
    length = der[at + 2] ?? 0;
    start = at + 3;
    if (length < 0x80) throw new DerError('length is not minimal');
  } else if (first > 0x7f) throw new DerError('length is out of range');
  if (start + length > der.length) throw new DerError('the signature ends early');
  return { start, end: start + length };
}

function putUnsigned(der: Uint8Array, span: Span, into: Buffer, offset: number, width: number): void {
  let { start } = span;
  const first = der[start];
  if (first === undefined || first >= 0x80 || span.start === span.end) throw new DerError('not a positive integer');
  if (first === 0 && span.end - start > 1) {
    if ((der[start + 1] ?? 0) < 0x80) throw new DerError('integer is not minimal');
    start += 1;
  }
  const length = span.end - start;
  if (length > width) throw new DerError('integer is too wide');
  into.set(der.subarray(start, span.end), offset + width - length);
}

function integer(bytes: Uint8Array): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const pad = (bytes[start] ?? 0) >= 0x80 ? 1 : 0;
  const length = bytes.length - start + pad;
  const out = Buffer.alloc(2 + length);
  out[0] = 0x02;
  out[1] = length;
  out.set(bytes.subarray(start), 2 + pad);
  return out;
}
