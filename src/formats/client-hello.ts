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
  const message = joinRecords(bytes);
  if (!Buffer.isBuffer(message)) return message;
  if (message.length >= 1 && message[0] !== CLIENT_HELLO) return malformed('the first message is no ClientHello');
  if (message.length < 4) return more(bytes);
  const length = message.readUIntBE(1, 3);
  if (length > MAX_CLIENT_HELLO) return malformed('the ClientHello is too long');
  if (message.length < 4 + length) return more(bytes);
  return readBody(message.subarray(4, 4 + length));
}

function more(bytes: Uint8Array): ClientHello {
  return bytes.length >= MAX_CLIENT_HELLO ? malformed('the ClientHello is too long') : { kind: 'incomplete' };
}

function malformed(reason: string): ClientHello {
  return { kind: 'malformed', reason };
}

/** A handshake message may be spread over records; what is there of the last record counts. */
function joinRecords(bytes: Uint8Array): Buffer | ClientHello {
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
  return Buffer.concat(parts);
}

function readBody(body: Buffer): ClientHello {
  const reader = new Reader(body);
  // Version and random, session, cipher suites, compression methods.
  reader.take(2 + 32);
  for (const width of [1, 2, 1] as const) reader.part(width);
  if (reader.failed) return malformed('the ClientHello is cut short');
  // TLS 1.2 and older allow a hello without extensions.
  if (reader.left === 0) return { kind: 'hello', serverName: undefined };
  const extensions = new Reader(reader.part(2));
  if (reader.failed || reader.left !== 0) return malformed('the extensions do not fill the ClientHello');
  let serverName: string | undefined;
  while (extensions.left > 0) {
    const type = extensions.number(2);
    const content = extensions.part(2);
    if (extensions.failed) return malformed('an extension is cut short');
    if (type === SERVER_NAME) {
      if (serverName !== undefined) return malformed('two server names');
      serverName = readServerName(new Reader(content));
    }
  }
  return { kind: 'hello', serverName };
}

function readServerName(extension: Reader): string | undefined {
  const list = new Reader(extension.part(2));
  const type = list.number(1);
  const name = list.part(2);
  if (extension.failed || extension.left !== 0 || list.failed || list.left !== 0 || type !== HOST_NAME)
    return undefined;
  const text = name.toString('latin1').toLowerCase();
  return NAME.test(text) ? text : undefined;
}

/** Reads past the end give nothing and set `failed`. */
class Reader {
  #rest: Buffer;
  failed = false;

  constructor(bytes: Buffer) {
    this.#rest = bytes;
  }

  get left(): number {
    return this.#rest.length;
  }

  take(count: number): Buffer {
    if (count > this.left) {
      this.failed = true;
      return Buffer.alloc(0);
    }
    const taken = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    return taken;
  }

  number(width: 1 | 2): number {
    const bytes = this.take(width);
    return bytes.length === 0 ? 0 : bytes.readUIntBE(0, width);
  }

  /** What stands behind its own length, a number of so many bytes. */
  part(width: 1 | 2): Buffer {
    return this.take(this.number(width));
  }
}
