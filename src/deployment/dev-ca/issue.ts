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
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { nameConstraints } from './name-constraints.ts';

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

export async function issueAuthority(now: Date): Promise<Issued> {
  const keys = await makeKeyPair();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Strongroom development authority, O=Development only',
    keys,
    signingAlgorithm: ECDSA,
    // A day's grace for clients whose clock is behind.
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter: new Date(now.getTime() + AUTHORITY_DAYS * DAY_MS),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(keys.publicKey),
      nameConstraints(),
    ],
  });
  return pemOf(keys, certificate);
}

/** @param names host names and IP addresses */
export async function issueServer(authority: Issued, names: readonly string[], now: Date): Promise<Issued> {
  const issuer = new X509Certificate(authority.certificate);
  const keys = await makeKeyPair();
  const certificate = await X509CertificateGenerator.create({
    subject: 'CN=Strongroom development server, O=Development only',
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: ECDSA,
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter: new Date(Math.min(now.getTime() + LEAF_DAYS * DAY_MS, issuer.notAfter.getTime())),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
      ),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return pemOf(keys, certificate);
}

function makeKeyPair(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' });
  return webcrypto.subtle.importKey('pkcs8', new Uint8Array(der), ECDSA, false, ['sign']);
}

async function pemOf(keys: webcrypto.CryptoKeyPair, certificate: X509Certificate): Promise<Issued> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' });
  return { key: key.toString(), certificate: `${certificate.toString('pem')}\n` };
}
