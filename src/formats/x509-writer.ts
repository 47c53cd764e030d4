// Writes X.509 v3 certificates (RFC 5280): those of an authority that signs with ECDSA and SHA-384, and of an RSA key by itself, for
// whoever encrypts to it or to its holder, a custodian. The development authority brings extensions of its own. Not a parser.
import { createHash } from 'node:crypto';
import { der, derUnsigned as integer, derObjectId as oid, SEQUENCE } from './der.ts';
import { pem } from './pem.ts';

interface CertificateFields {
  /** Positive, at most 20 bytes. */
  readonly serial: Uint8Array;
  readonly issuer: string;
  readonly subject: string;
  /** Unix seconds. */
  readonly notBefore: number;
  /** SubjectPublicKeyInfo DER. */
  readonly publicKey: Uint8Array;
  readonly issuerPublicKey: Uint8Array;
  /** May sign certificates of end entities; otherwise signs data alone. */
  readonly authority: boolean;
}

/** AlgorithmIdentifier: ECDSA has no parameters, RSA has NULL. */
const ECDSA_SHA384 = sequence(oid('2a8648ce3d040303'));
const RSA_SHA256 = sequence(oid('2a864886f70d01010b'), Buffer.of(0x05, 0x00));
const COMMON_NAME = oid('550403');
const ORGANIZATION = oid('55040a');
const BASIC_CONSTRAINTS = oid('551d13');
const KEY_USAGE = oid('551d0f');
const SUBJECT_KEY_ID = oid('551d0e');
const AUTHORITY_KEY_ID = oid('551d23');
const TRUE = Buffer.of(0x01, 0x01, 0xff);
/** RFC 5280 §4.1.2.5: no well-defined end. */
const NO_END = der(0x18, Buffer.from('99991231235959Z', 'ascii'));

type Sign = (toSign: Buffer) => Uint8Array;

/** A certificate of the authority, or by it. @param sign ECDSA with SHA-384 */
export function issuedCertificate(fields: CertificateFields, sign: Sign): Buffer {
  // keyCertSign or digitalSignature.
  return certificate(fields, ECDSA_SHA384, fields.authority ? bits(2, 0x04) : bits(7, 0x80), sign);
}

type RecipientFields = Pick<CertificateFields, 'serial' | 'subject' | 'notBefore' | 'publicKey'>;

/** A certificate that an RSA key gives itself, good for encrypting keys and data to it. @param sign RSA PKCS#1, SHA-256 */
export function recipientCertificate(fields: RecipientFields, sign: Sign): Buffer {
  // keyEncipherment and dataEncipherment.
  return certificate(byItself(fields), RSA_SHA256, bits(4, 0x30), sign);
}

/**
 * A certificate that the RSA key of a person gives itself: one encrypts to its holder, who signs what they say. It names
 * the person and no organization. @param fields `notAfter`: Unix seconds @param sign RSA PKCS#1, SHA-256
 */
export function holderCertificate(fields: RecipientFields & { readonly notAfter: number }, sign: Sign): Buffer {
  // digitalSignature, keyEncipherment and dataEncipherment.
  return certificate({ ...byItself(fields), person: true }, RSA_SHA256, bits(4, 0xb0), sign);
}

function byItself<F extends RecipientFields>(fields: F): F & CertificateFields {
  return { ...fields, issuer: fields.subject, issuerPublicKey: fields.publicKey, authority: false };
}

/** `notAfter` absent: no well-defined end. */
type Fields = CertificateFields & { readonly notAfter?: number; readonly person?: boolean };
type Body = Pick<Fields, 'serial' | 'notBefore' | 'notAfter' | 'publicKey' | 'authority'> & {
  readonly names: { readonly issuer: Buffer; readonly subject: Buffer };
  readonly keyIds: { readonly issuer: Buffer; readonly subject: Buffer };
  readonly keyUsage: Buffer;
  readonly more?: readonly Buffer[];
};

function certificate(fields: Fields, algorithm: Buffer, keyUsage: Buffer, sign: Sign): Buffer {
  const { issuer, subject, publicKey, issuerPublicKey } = fields;
  const organization = fields.person === true ? undefined : 'Strongroom';
  const names = { issuer: name(issuer, organization), subject: name(subject, organization) };
  const keyIds = { issuer: keyId(issuerPublicKey), subject: keyId(publicKey) };
  return signedCertificate({ ...fields, names, keyIds, keyUsage }, algorithm, sign);
}

export function signedCertificate(body: Body, algorithm: Buffer, sign: Sign): Buffer {
  const { serial, names, notBefore, notAfter, publicKey, authority, keyIds, keyUsage, more = [] } = body;
  const toSign = sequence(
    der(0xa0, integer(Buffer.of(2))),
    integer(serial),
    algorithm,
    names.issuer,
    sequence(time(notBefore), notAfter === undefined ? NO_END : time(notAfter)),
    names.subject,
    publicKey,
    der(
      0xa3,
      sequence(
        extension(BASIC_CONSTRAINTS, true, authority ? sequence(TRUE, integer(Buffer.of(0))) : sequence()),
        extension(KEY_USAGE, true, keyUsage),
        extension(SUBJECT_KEY_ID, false, der(0x04, keyIds.subject)),
        extension(AUTHORITY_KEY_ID, false, sequence(der(0x80, keyIds.issuer))),
        ...more,
      ),
    ),
  );
  return sequence(toSign, algorithm, der(0x03, Buffer.of(0), sign(toSign)));
}

export function certificatePem(certificate: Uint8Array): string {
  return pem('CERTIFICATE', certificate);
}

/** RFC 7093 §2, method 1, over the whole SubjectPublicKeyInfo. */
function keyId(publicKey: Uint8Array): Buffer {
  return createHash('sha256').update(publicKey).digest().subarray(0, 20);
}

export function name(commonName: string, organization?: string): Buffer {
  const part = (type: Buffer, text: string): Buffer => der(0x31, sequence(type, der(0x0c, Buffer.from(text, 'utf8'))));
  const own = part(COMMON_NAME, commonName);
  return organization === undefined ? sequence(own) : sequence(part(ORGANIZATION, organization), own);
}

/** UTCTime through 2049, GeneralizedTime after. */
function time(seconds: number): Buffer {
  const text = new Date(seconds * 1000).toISOString().replace(/[-:T]|\.\d+/g, '');
  const utc = Number(text.slice(0, 4)) < 2050;
  return der(utc ? 0x17 : 0x18, Buffer.from(utc ? text.slice(2) : text, 'ascii'));
}

export function extension(type: Buffer, critical: boolean, value: Buffer): Buffer {
  return critical ? sequence(type, TRUE, der(0x04, value)) : sequence(type, der(0x04, value));
}

export function bits(unused: number, value: number): Buffer {
  return der(0x03, Buffer.of(unused, value));
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return der(SEQUENCE, ...parts);
}
