// A certificate authority as an operator has one: not the development authority, and for any name.
import 'reflect-metadata';
import { createPrivateKey, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { Issued } from '../../src/deployment/dev-ca/issue.ts';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

interface OwnTerms {
  readonly from?: number;
  readonly days?: number;
  /** For a server that is a client, too. */
  readonly forClients?: boolean;
}

export interface OperatorAuthority {
  readonly certificate: string;
  issue(names: readonly string[], own?: OwnTerms): Promise<Issued>;
  /** For a client that has to show one. */
  issueClient(name: string): Promise<Issued>;
}

export async function makeOperatorAuthority(): Promise<OperatorAuthority> {
  const keys = await makeKeys();
  const now = Date.now();
  const own = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Example operators, O=Example',
    keys,
    signingAlgorithm: ECDSA,
    notBefore: new Date(now - 400 * DAY_MS),
    notAfter: new Date(now + 400 * DAY_MS),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  const issue = async (
    subject: string,
    usages: readonly string[],
    names: readonly string[],
    from: number,
    days: number,
  ) => {
    const leafKeys = await makeKeys();
    const leaf = await X509CertificateGenerator.create({
      subject,
      issuer: own.subjectName,
      publicKey: leafKeys.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ECDSA,
      notBefore: new Date(from),
      notAfter: new Date(from + days * DAY_MS),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new ExtendedKeyUsageExtension([...usages]),
        ...(names.length === 0
          ? []
          : [
              new SubjectAlternativeNameExtension(
                names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
              ),
            ]),
      ],
    });
    return pemOf(leafKeys, leaf);
  };
  return {
    certificate: `${own.toString('pem')}\n`,
    issue: (names, { from = Date.now() - DAY_MS, days = 90, forClients = false } = {}) => {
      const usages = [ExtendedKeyUsage.serverAuth, ...(forClients ? [ExtendedKeyUsage.clientAuth] : [])];
      return issue('CN=Example server', usages, names, from, days);
    },
    issueClient: (name) => issue(`CN=${name}`, [ExtendedKeyUsage.clientAuth], [], Date.now() - DAY_MS, 90),
  };
}

/** A certificate that nobody but its own key has signed. */
export async function makeSelfSigned(names: readonly string[]): Promise<Issued> {
  const keys = await makeKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Example server',
    keys,
    signingAlgorithm: ECDSA,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 90 * DAY_MS),
    extensions: [new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value })))],
  });
  return pemOf(keys, certificate);
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
}

async function pemOf(keys: webcrypto.CryptoKeyPair, certificate: X509Certificate): Promise<Issued> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' });
  return { key: key.toString(), certificate: `${certificate.toString('pem')}\n` };
}
