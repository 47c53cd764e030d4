// A custodian packet: what a custodian says, alone and offline, signed with the key whose certificate is in the packet.
// It carries at most one share, encrypted to one recipient. Whether the custodian is one of a domain, whether the domain
// and the recipient are the right ones, and whether the proof is true, judges whoever receives it.
import { constants, type KeyObject, sign, verify, X509Certificate } from 'node:crypto';
import { fromBase64, fromBase64url, sha256url, toBase64url } from './base64url.ts';
import { canonicalStatement, type PacketContent, type PacketStatement, statementShape } from './custodian-statement.ts';
import { matching, oneOf, type Reader, record, ShapeError, text } from './shape.ts';
import { isTruncatedJson } from './truncated-json.ts';

export const PACKET_FORMAT = 'strongroom custodian packet 1';
export const MAX_PACKET = 64 * 1024;
const MAX_CERTIFICATE = 16 * 1024;

export interface CustodianPacket {
  readonly statement: PacketStatement;
  readonly certificate: X509Certificate;
}

/** @param privateKey belongs to the certificate @returns the file's text @throws ShapeError */
export function makePacket(content: PacketContent, certificate: Uint8Array, privateKey: KeyObject, at: Date): string {
  const x509 = readCertificate(Buffer.from(certificate).toString('base64'), 'certificate');
  if (!x509.checkPrivateKey(privateKey)) throw new ShapeError('certificate: belongs to another private key');
  const statement = { ...content, custodian: sha256url(x509.raw), at: at.toISOString() };
  const bytes = canonicalStatement(statement);
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

/** Strict; the signature holds and the custodian is the one of the certificate. @throws ShapeError */
export function readPacket(packet: string): CustodianPacket {
  if (Buffer.byteLength(packet, 'utf8') > MAX_PACKET) throw new ShapeError('packet: is longer than 64 KiB');
  let value: unknown;
  try {
    value = JSON.parse(packet);
  } catch (cause) {
    const cut = isTruncatedJson(packet);
    const what = cut === undefined ? 'is not JSON: it is not a custodian packet' : `${cut}: have it sent again`;
    throw new ShapeError(`packet: ${what}`, { cause });
  }
  return readPacketValue(value);
}

/** The same, for a packet that came inside another document. @throws ShapeError */
export function readPacketValue(value: unknown): CustodianPacket {
  const { statement: encoded, signature, certificate } = packetShape(value, 'packet');
  const x509 = readCertificate(certificate, 'certificate');
  const bytes = decoded('statement', fromBase64url, encoded);
  const isSigned = verify(
    'sha256',
    toSign(bytes),
    { key: x509.publicKey, ...PSS },
    decoded('signature', fromBase64url, signature),
  );
  if (!isSigned) throw new ShapeError('signature: does not verify: the packet was changed after it was signed');
  const statement = readStatement(bytes);
  if (statement.custodian !== sha256url(x509.raw)) {
    throw new ShapeError('statement.custodian: is not the SHA-256 of the certificate');
  }
  return { statement, certificate: x509 };
}

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } as const;

/** Nothing else that the key may sign begins like this. */
function toSign(statement: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${PACKET_FORMAT}\n`, 'utf8'), statement]);
}

function readStatement(bytes: Buffer): PacketStatement {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new ShapeError('statement: is not JSON', { cause });
  }
  const statement = statementShape(value, 'statement');
  if (!canonicalStatement(statement).equals(bytes)) throw new ShapeError('statement: is not canonical JSON');
  return statement;
}

const packetShape = record({
  format: oneOf(PACKET_FORMAT),
  statement: text,
  signature: matching(/^[\w-]{1,1400}$/, 'base64url'),
  certificate: text,
});

/** Standard base64 of a custodian's certificate. @param what it is not, where it does not read */
export function certificateReader(what: string): Reader<X509Certificate> {
  return (value, path) => {
    let der: Buffer;
    let x509: X509Certificate;
    try {
      der = fromBase64(value as string);
      if (der.length > MAX_CERTIFICATE) throw new ShapeError('too long');
      x509 = new X509Certificate(der);
    } catch (cause) {
      // The parser's reasons are about bytes, not about what the sender could do.
      throw new ShapeError(`${path}: is not ${what}`, { cause });
    }
    const bits = x509.publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
    if (!x509.raw.equals(der)) throw new ShapeError(`${path}: has spare bytes`);
    if (x509.publicKey.asymmetricKeyType !== 'rsa' || bits < 2048 || bits > 8192) {
      throw new ShapeError(`${path}: must have an RSA key of 2048 to 8192 bits`);
    }
    return x509;
  };
}

const readCertificate = certificateReader('an X.509 certificate');

function decoded(field: string, decode: (encoded: string) => Buffer, encoded: string): Buffer {
  try {
    return decode(encoded);
  } catch (cause) {
    throw new ShapeError(`${field}: is not strict base64`, { cause });
  }
}
