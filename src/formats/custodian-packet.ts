// A custodian packet: what a custodian says, alone and offline, signed with the key whose certificate is in the packet.
// It carries at most one share, encrypted to one recipient. Whether the custodian is one of a domain, whether the domain
// and the recipient are the right ones, and whether the proof is true, judges whoever receives it.
import { constants, createHash, type KeyObject, sign, verify, X509Certificate } from 'node:crypto';
import { fromBase64, fromBase64url, toBase64url } from './base64url.ts';
import { integer, list, matching, oneOf, type Reader, record, ShapeError, text } from './shape.ts';

export const PACKET_FORMAT = 'strongroom custodian packet 1';
export const MAX_PACKET = 64 * 1024;

export const PACKET_PURPOSES = [
  'recover',
  'reshare',
  'unlock',
  'acknowledge',
  'challenge',
  'handover',
  'leave',
] as const;
export type PacketPurpose = (typeof PACKET_PURPOSES)[number];

export interface Successors {
  readonly required: number;
  /** x5t#S256 of each successor's certificate, sorted. */
  readonly thumbprints: readonly string[];
}

interface StatementBase {
  /** Base64url SHA-256 of the domain file's text; for `unlock` of the seal's share list. */
  readonly domain: string;
  readonly note?: string;
}

/** What a packet says, but who says it and when. */
export type PacketContent = StatementBase &
  (
    | { readonly purpose: 'recover' | 'unlock'; readonly recipient: string; readonly share: string }
    | {
        readonly purpose: 'reshare';
        readonly recipient: string;
        readonly share: string;
        readonly successors: Successors;
      }
    | { readonly purpose: 'acknowledge'; readonly proof: string }
    | { readonly purpose: 'challenge'; readonly challenge: string }
    /** The recipient is the certificate of whoever takes over, where they have one of their own. */
    | { readonly purpose: 'handover'; readonly recipient?: string }
    | { readonly purpose: 'leave' }
  );

export type PacketStatement = PacketContent & {
  /** x5t#S256 of the packet's certificate. */
  readonly custodian: string;
  /** ISO time in UTC with milliseconds, by the custodian's clock. */
  readonly at: string;
};

export interface CustodianPacket {
  readonly statement: PacketStatement;
  readonly certificate: X509Certificate;
}

/** Names the field that is wrong. */
export class PacketError extends Error {
  override readonly name = 'PacketError';
}

/** @param privateKey belongs to the certificate @returns the file's text @throws PacketError */
export function makePacket(content: PacketContent, certificate: Uint8Array, privateKey: KeyObject, at: Date): string {
  const x509 = readCertificate(Buffer.from(certificate).toString('base64'));
  if (!x509.checkPrivateKey(privateKey)) throw new PacketError('certificate: belongs to another private key');
  const statement = { ...content, custodian: thumbprintOf(x509), at: at.toISOString() };
  const bytes = canonical(statement);
  const signature = sign('sha256', toSign(bytes), { key: privateKey, ...PSS });
  const packet = {
    format: PACKET_FORMAT,
    statement: toBase64url(bytes),
    signature: toBase64url(signature),
    certificate: x509.raw.toString('base64'),
  };
  const made = `${JSON.stringify(packet, null, 2)}\n`;
  // What the reader refuses must not leave the custodian's machine.
  readPacket(made);
  return made;
}

/** Strict; the signature holds and the custodian is the one of the certificate. @throws PacketError */
export function readPacket(packet: string): CustodianPacket {
  if (Buffer.byteLength(packet, 'utf8') > MAX_PACKET) throw new PacketError('packet: is longer than 64 KiB');
  let value: unknown;
  try {
    value = JSON.parse(packet);
  } catch (cause) {
    throw new PacketError('packet: is not JSON: incomplete, or not a custodian packet', { cause });
  }
  return readPacketValue(value);
}

/** The same, for a packet that came inside another document. @throws PacketError */
export function readPacketValue(value: unknown): CustodianPacket {
  const { statement: encoded, signature, certificate } = shaped(packetShape, value, 'packet');
  const x509 = readCertificate(certificate);
  const bytes = decoded('statement', fromBase64url, encoded);
  const isSigned = verify(
    'sha256',
    toSign(bytes),
    { key: x509.publicKey, ...PSS },
    decoded('signature', fromBase64url, signature),
  );
  if (!isSigned) throw new PacketError('signature: does not verify: the packet was changed after it was signed');
  const statement = readStatement(bytes);
  if (statement.custodian !== thumbprintOf(x509)) {
    throw new PacketError('statement.custodian: is not the SHA-256 of the certificate');
  }
  return { statement, certificate: x509 };
}

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } as const;

/** Nothing else that the key may sign begins like this. */
function toSign(statement: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${PACKET_FORMAT}\n`, 'utf8'), statement]);
}

/** Members sorted by name, no white space. */
function canonical(value: object): Buffer {
  const sorted = (_name: string, each: unknown): unknown =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each;
  return Buffer.from(JSON.stringify(value, sorted), 'utf8');
}

function readStatement(bytes: Buffer): PacketStatement {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new PacketError('statement: is not JSON', { cause });
  }
  const { purpose } = shaped(withPurpose, value, 'statement');
  const statement = shaped(statementShapes[purpose], value, 'statement') as PacketStatement;
  if (!canonical(statement).equals(bytes)) throw new PacketError('statement: is not canonical JSON');
  return statement;
}

const hash = bytesOf(32);
const note: Reader<string> = (value, path) => {
  // Shown to people on terminals: nothing in it may move the cursor or turn the direction of writing.
  if (text(value, path).length > 500 || /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(value as string)) {
    throw new ShapeError(`${path} must be at most 500 characters on one line`);
  }
  if (!(value as string).isWellFormed()) throw new ShapeError(`${path} must be well-formed text`);
  return value as string;
};
const at: Reader<string> = (value, path) => {
  const time = new Date(text(value, path));
  if (Number.isNaN(time.getTime()) || time.toISOString() !== value) {
    throw new ShapeError(`${path} must be an ISO time like 2026-01-31T12:00:00.000Z`);
  }
  return value;
};
const share: Reader<string> = (value, path) => {
  if (text(value, path).length > 8192 || !/^[\w-]+(\.[\w-]+){4}$/.test(value as string)) {
    throw new ShapeError(`${path} must be a compact JWE`);
  }
  return value as string;
};
const thumbprints: Reader<readonly string[]> = (value, path) => {
  const read = list(hash, 10)(value, path);
  if (read.length < 2 || read.some((each, index) => index > 0 && (read[index - 1] as string) >= each)) {
    throw new ShapeError(`${path} must be two or more thumbprints, sorted, each once`);
  }
  return read;
};
const successors: Reader<Successors> = (value, path) => {
  const read = record({ required: integer(2, 10), thumbprints })(value, path);
  if (read.required > read.thumbprints.length) throw new ShapeError(`${path}.required is more than there are`);
  return read;
};

const always = { custodian: hash, domain: hash, at } as const;
const oneShare = record({ ...always, purpose: oneOf('recover', 'unlock'), recipient: hash, share }, { note });

const statementShapes: Readonly<Record<PacketPurpose, Reader<object>>> = {
  recover: oneShare,
  unlock: oneShare,
  reshare: record({ ...always, purpose: oneOf('reshare'), recipient: hash, share, successors }, { note }),
  acknowledge: record({ ...always, purpose: oneOf('acknowledge'), proof: hash }, { note }),
  challenge: record({ ...always, purpose: oneOf('challenge'), challenge: hash }, { note }),
  handover: record({ ...always, purpose: oneOf('handover') }, { note, recipient: hash }),
  leave: record({ ...always, purpose: oneOf('leave') }, { note }),
};

/** Reads the purpose alone, to know which shape the rest must have. */
const withPurpose: Reader<{ readonly purpose: PacketPurpose }> = (value, path) => {
  const { purpose } = (typeof value === 'object' && value !== null ? value : {}) as { readonly purpose?: unknown };
  return { purpose: oneOf(...PACKET_PURPOSES)(purpose, `${path}.purpose`) };
};

const packetShape = record({
  format: oneOf(PACKET_FORMAT),
  statement: text,
  signature: matching(/^[\w-]{1,1400}$/, 'base64url'),
  certificate: matching(/^[A-Za-z0-9+/=]{1,22000}$/, 'standard base64'),
});

function bytesOf(length: number): Reader<string> {
  return (value, path) => {
    let bytes: Buffer;
    try {
      bytes = fromBase64url(text(value, path));
    } catch (cause) {
      throw new ShapeError(`${path} must be base64url`, { cause });
    }
    if (bytes.length !== length) throw new ShapeError(`${path} must be ${length} bytes as base64url`);
    return value as string;
  };
}

function readCertificate(base64: string): X509Certificate {
  const der = decoded('certificate', fromBase64, base64);
  let x509: X509Certificate;
  try {
    x509 = new X509Certificate(der);
  } catch (cause) {
    throw new PacketError('certificate: is not an X.509 certificate', { cause });
  }
  const bits = x509.publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (!x509.raw.equals(der)) throw new PacketError('certificate: has spare bytes');
  if (x509.publicKey.asymmetricKeyType !== 'rsa' || bits < 2048 || bits > 8192) {
    throw new PacketError('certificate: must have an RSA key of 2048 to 8192 bits');
  }
  return x509;
}

function thumbprintOf({ raw }: X509Certificate): string {
  return createHash('sha256').update(raw).digest('base64url');
}

function shaped<T>(reader: Reader<T>, value: unknown, path: string): T {
  try {
    return reader(value, path);
  } catch (cause) {
    if (cause instanceof ShapeError) throw new PacketError(cause.message, { cause });
    throw cause;
  }
}

function decoded(field: string, decode: (encoded: string) => Buffer, encoded: string): Buffer {
  try {
    return decode(encoded);
  } catch (cause) {
    throw new PacketError(`${field}: is not strict base64`, { cause });
  }
}
