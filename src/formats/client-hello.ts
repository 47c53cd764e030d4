// Reads the server name out of the first bytes of a TLS connection (RFC 8446 §4.1.2, RFC 6066 §3), without taking part
// in it. A name that is malformed is no name; only what cannot become a ClientHello at all is an error.

export type ClientHello =
  /** More bytes are needed. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'hello'; readonly serverName: string | undefined }
  | { readonly kind: 'malformed'; readonly reason: string };

/** The most bytes of records and headers that are looked at. */
export const MAX_CLIENT_HELLO = 16 * 1024;

const HANDSHAKE_RECORD = 0x16;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const HOST_NAME = 0;
const NAME =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?))*$/;

export function readClientHello(bytes: Uint8Array): ClientHello {
  const joined = joinRecords(bytes);
  if (joined.kind === 'malformed') return joined;
  const message = joined.bytes;
  if (message.length >= 1 && message[0] !== CLIENT_HELLO) return malformed('the first message is no ClientHello');
  if (message.length < 4) return more(bytes);
  const length = ((message[1] ?? 0) << 16) | ((message[2] ?? 0) << 8) | (message[3] ?? 0);
  if (length > MAX_CLIENT_HELLO) return malformed('the ClientHello is too long');
  if (message.length < 4 + length) return more(bytes);
  return readBody(message.subarray(4, 4 + length));
}

function more(bytes: Uint8Array): ClientHello {
  return bytes.length >= MAX_CLIENT_HELLO ? malformed('the ClientHello is too long') : { kind: 'incomplete' };
}

function malformed(reason: string): Extract<ClientHello, { kind: 'malformed' }> {
  return { kind: 'malformed', reason };
}

/** A handshake message may be spread over records; what is there of the last record counts. */
function joinRecords(
  bytes: Uint8Array,
): { readonly kind: 'joined'; readonly bytes: Uint8Array } | Extract<ClientHello, { kind: 'malformed' }> {
  const parts: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at] !== HANDSHAKE_RECORD) return malformed('not a TLS handshake record');
    if (at + 1 < bytes.length && bytes[at + 1] !== 3) return malformed('not a TLS version');
    if (at + 5 > bytes.length) break;
    const length = ((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0);
    if (length === 0 || length > 0x4000) return malformed('a record length is out of range');
    parts.push(bytes.subarray(at + 5, Math.min(at + 5 + length, bytes.length)));
    at += 5 + length;
  }
  return { kind: 'joined', bytes: Buffer.concat(parts) };
}

function readBody(body: Uint8Array): ClientHello {
  const reader = new Reader(body);
  reader.skip(2 + 32);
  reader.skip(reader.u8());
  reader.skip(reader.u16());
  reader.skip(reader.u8());
  if (reader.failed) return malformed('the ClientHello is cut short');
  // TLS 1.2 and older allow a hello without extensions.
  if (reader.left === 0) return { kind: 'hello', serverName: undefined };
  const extensions = new Reader(reader.take(reader.u16()));
  if (reader.failed || reader.left !== 0) return malformed('the extensions do not fill the ClientHello');
  let serverName: string | undefined;
  while (extensions.left > 0) {
    const type = extensions.u16();
    const content = extensions.take(extensions.u16());
    if (extensions.failed) return malformed('an extension is cut short');
    if (type === SERVER_NAME) {
      if (serverName !== undefined) return malformed('two server names');
      serverName = readServerName(new Reader(content));
    }
  }
  return { kind: 'hello', serverName };
}

function readServerName(extension: Reader): string | undefined {
  const list = new Reader(extension.take(extension.u16()));
  if (extension.failed || extension.left !== 0) return undefined;
  const type = list.u8();
  const name = list.take(list.u16());
  if (list.failed || list.left !== 0 || type !== HOST_NAME) return undefined;
  const text = Buffer.from(name).toString('latin1').toLowerCase();
  return NAME.test(text) ? text : undefined;
}

/** Reads past the end give zeros and set `failed`. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;
  failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    const at = this.#at;
    this.skip(1);
    return this.failed ? 0 : (this.#bytes[at] ?? 0);
  }

  u16(): number {
    return this.u8() * 256 + this.u8();
  }

  skip(count: number): void {
    if (count > this.left) this.failed = true;
    else this.#at += count;
  }

  take(count: number): Uint8Array {
    const at = this.#at;
    this.skip(count);
    return this.failed ? new Uint8Array(0) : this.#bytes.subarray(at, at + count);
  }
}
