// Makes the development certificates themselves. Loaded only when one has to be made: the X.509 library is the slowest
// part of a start.
import 'reflect-metadata';
import { createPrivateKey, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { der, SEQUENCE } from '../../formats/der.ts';

/** A key (PKCS#8) and its certificate, both PEM. */
export interface Issued {
  readonly key: string;
  readonly certificate: string;
}

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 5 * 365;
/** Below the 398 days that the strictest clients accept. */
const LEAF_DAYS = 397;

/** Domains (with everything below them) and loopback addresses, all that the dev profile ever answers as. */
export const PERMITTED_DOMAINS = [
  'azure.net',
  'azure.com',
  'microsoftonline.com',
  'microsoft.com',
  'windows.net',
  'localhost',
] as const;
const LOOPBACK = [
  Buffer.from('7f000001ffffffff', 'hex'), // 127.0.0.1/32
  Buffer.from(`${'0'.repeat(31)}1${'f'.repeat(32)}`, 'hex'), // ::1/128
];

const PERMITTED = 0xa0; // [0] permittedSubtrees
const DNS_NAME = 0x82; // [2] dNSName
const IP_ADDRESS = 0x87; // [7] iPAddress

export async function issueAuthority(now: Date): Promise<Issued> {
  const name = 'CN=Strongroom development authority, O=Development only';
  const keys = await makeKeyPair();
  return issue(name, keys, { name, keys }, now, new Date(now.getTime() + AUTHORITY_DAYS * DAY_MS), [
    new BasicConstraintsExtension(true, 0, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    nameConstraints(),
  ]);
}

/** @param names host names and IP addresses */
export async function issueServer(authority: Issued, names: readonly string[], now: Date): Promise<Issued> {
  const { subjectName, publicKey, notAfter } = new X509Certificate(authority.certificate);
  const pkcs8 = createPrivateKey(authority.key).export({ format: 'der', type: 'pkcs8' });
  const privateKey = await webcrypto.subtle.importKey('pkcs8', new Uint8Array(pkcs8), ECDSA, false, ['sign']);
  const by = { name: subjectName, keys: { publicKey, privateKey } };
  const until = new Date(Math.min(now.getTime() + LEAF_DAYS * DAY_MS, notAfter.getTime()));
  return issue('CN=Strongroom development server, O=Development only', await makeKeyPair(), by, now, until, [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension(
      names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
    ),
  ]);
}

interface Issuer {
  readonly name: string | X509Certificate['subjectName'];
  readonly keys: {
    readonly publicKey: X509Certificate['publicKey'] | webcrypto.CryptoKey;
    readonly privateKey: webcrypto.CryptoKey;
  };
}

async function issue(
  subject: string,
  keys: webcrypto.CryptoKeyPair,
  by: Issuer,
  now: Date,
  notAfter: Date,
  extensions: readonly Extension[],
): Promise<Issued> {
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: by.name,
    publicKey: keys.publicKey,
    signingKey: by.keys.privateKey,
    signingAlgorithm: ECDSA,
    // A day's grace for clients whose clock is behind.
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter,
    extensions: [
      ...extensions,
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(by.keys.publicKey),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' });
  return { key: key.toString(), certificate: `${certificate.toString('pem')}\n` };
}

function makeKeyPair(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
}

/**
 * Keeps the authority harmless: certificates that it issues are refused by clients for any other name, so a machine that trusts
 * it trusts it for nothing else (RFC 5280 §4.2.1.10).
 */
function nameConstraints(): Extension {
  const subtrees = [
    ...PERMITTED_DOMAINS.map((domain) => der(DNS_NAME, Buffer.from(domain, 'ascii'))),
    ...LOOPBACK.map((range) => der(IP_ADDRESS, range)),
  ].map((base) => der(SEQUENCE, base));
  return new Extension('2.5.29.30', true, new Uint8Array(der(SEQUENCE, der(PERMITTED, ...subtrees))));
}
