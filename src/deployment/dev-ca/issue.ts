// Makes the development certificates themselves.
import type { KeyObject } from 'node:crypto';
import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { DerReader, der, INTEGER, derObjectId as oid, SEQUENCE } from '../../formats/der.ts';
import { readIpAddress } from '../../formats/ip-address.ts';
import * as x509 from '../../formats/x509-writer.ts';

/** A key (PKCS#8) and its certificate, both PEM. */
export interface Issued {
  readonly key: string;
  readonly certificate: string;
}

const ECDSA_SHA256 = der(SEQUENCE, oid('2a8648ce3d040302'));
const EXTENDED_KEY_USAGE = oid('551d25');
const ALTERNATIVE_NAME = oid('551d11');
const NAME_CONSTRAINTS = oid('551d1e');
const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 5 * 365;
/** Below the 398 days that the strictest clients accept. */
const LEAF_DAYS = 397;

/** Domains (with everything below them) and loopback addresses, all that the dev profile ever answers as. */
export const PERMITTED_DOMAINS = 'azure.net azure.com microsoftonline.com microsoft.com windows.net localhost'.split(
  ' ',
);
const LOOPBACK = [
  Buffer.from('7f000001ffffffff', 'hex'), // 127.0.0.1/32
  Buffer.from(`${'0'.repeat(31)}1${'f'.repeat(32)}`, 'hex'), // ::1/128
];

const PERMITTED = 0xa0; // [0] permittedSubtrees
const DNS_NAME = 0x82; // [2] dNSName
const IP_ADDRESS = 0x87; // [7] iPAddress

export function issueAuthority(now: Date): Issued {
  const name = x509.name('Strongroom development authority', 'Development only');
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return issue(name, keys, { name, ...keys }, now, now.getTime() + AUTHORITY_DAYS * DAY_MS, [nameConstraints()]);
}

/** @param names host names and IP addresses */
export function issueServer({ certificate, key }: Issued, names: readonly string[], now: Date): Issued {
  const { raw, publicKey, validToDate } = new X509Certificate(certificate);
  const by = { name: subjectOf(raw), publicKey, privateKey: createPrivateKey(key) };
  const until = Math.min(now.getTime() + LEAF_DAYS * DAY_MS, validToDate.getTime());
  const subject = x509.name('Strongroom development server', 'Development only');
  return issue(subject, generateKeyPairSync('ec', { namedCurve: 'P-256' }), by, now, until, [
    x509.extension(EXTENDED_KEY_USAGE, false, der(SEQUENCE, oid('2b06010505070301'))), // serverAuth
    x509.extension(ALTERNATIVE_NAME, false, der(SEQUENCE, ...names.map(alternativeName))),
  ]);
}

type Keys = Record<'publicKey' | 'privateKey', KeyObject>;
type Named = Keys & { readonly name: Buffer };

function issue(subject: Buffer, own: Keys, by: Named, now: Date, until: number, more: readonly Buffer[]): Issued {
  const authority = subject === by.name;
  const body = {
    serial: randomBytes(16),
    names: { issuer: by.name, subject },
    // A day's grace for clients whose clock is behind.
    notBefore: Math.floor((now.getTime() - DAY_MS) / 1000),
    notAfter: Math.floor(until / 1000),
    publicKey: spkiOf(own.publicKey),
    authority,
    keyIds: { issuer: keyId(by.publicKey), subject: keyId(own.publicKey) },
    // keyCertSign and cRLSign, or digitalSignature.
    keyUsage: authority ? x509.bits(1, 0x06) : x509.bits(7, 0x80),
    more,
  };
  const certificate = x509.signedCertificate(body, ECDSA_SHA256, (toSign) => sign('sha256', toSign, by.privateKey));
  const key = own.privateKey.export({ format: 'pem', type: 'pkcs8' });
  return { key: key.toString(), certificate: x509.certificatePem(certificate) };
}

/** As it stands in the certificate: authorities of earlier releases wrote it in another way. */
function subjectOf(certificate: Uint8Array): Buffer {
  const fields = new DerReader(new DerReader(new DerReader(certificate).take(SEQUENCE)).take(SEQUENCE));
  // Version, serial, algorithm, issuer, validity.
  for (const tag of [0xa0, INTEGER, SEQUENCE, SEQUENCE, SEQUENCE]) fields.take(tag);
  return der(SEQUENCE, fields.take(SEQUENCE));
}

function spkiOf(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' });
}

/** RFC 5280 §4.2.1.2, method 1, as in authorities of earlier releases: of the point, which is the last 65 bytes. */
function keyId(key: KeyObject): Buffer {
  return createHash('sha1').update(spkiOf(key).subarray(-65)).digest();
}

function alternativeName(name: string): Buffer {
  return isIP(name) === 0 ? der(DNS_NAME, Buffer.from(name, 'ascii')) : der(IP_ADDRESS, readIpAddress(name));
}

/**
 * Keeps the authority harmless: certificates that it issues are refused by clients for any other name, so a machine that trusts
 * it trusts it for nothing else (RFC 5280 §4.2.1.10).
 */
function nameConstraints(): Buffer {
  const subtrees = [
    ...PERMITTED_DOMAINS.map((domain) => der(DNS_NAME, Buffer.from(domain, 'ascii'))),
    ...LOOPBACK.map((range) => der(IP_ADDRESS, range)),
  ].map((base) => der(SEQUENCE, base));
  return x509.extension(NAME_CONSTRAINTS, true, der(SEQUENCE, der(PERMITTED, ...subtrees)));
}
