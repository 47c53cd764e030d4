// Whether key and certificate are what a production deployment may show its clients: of an authority, in force, belonging
// together, and naming what they are for.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { TlsFiles } from '../../http/tls/server-options.ts';
import { tlsOptions } from '../../http/tls/server-options.ts';
import type { CertificateFiles } from '../production-config.ts';
import { ConfigError } from '../start-config.ts';
import { readPlainFile, readSecretFile } from './check-files.ts';

const DEV_AUTHORITY = 'Strongroom development authority';

/** @param member as it is called in the configuration @throws ConfigError */
export function readCertificate(
  files: CertificateFiles,
  member: string,
  names: readonly string[],
  now: Date,
): TlsFiles {
  const key = readSecretFile(files.key, `${member}.key`);
  const certificate = readPlainFile(files.certificate, `${member}.certificate`);
  checkCertificate({ key, certificate }, { ...files, member, names, now });
  return { key, certificate };
}

interface Expected extends CertificateFiles {
  readonly member: string;
  readonly names: readonly string[];
  readonly now: Date;
}

function checkCertificate(pem: { readonly key: string; readonly certificate: string }, expected: Expected): void {
  const { member, now } = expected;
  const [where, keyWhere] = [`${member}.certificate: ${expected.certificate}`, `${member}.key: ${expected.key}`];
  const leaf = read(() => new X509Certificate(pem.certificate), `${where} is no certificate in PEM form`);
  const key: KeyObject = read(
    () => createPrivateKey(pem.key),
    `${keyWhere} is no private key in PEM form without a passphrase`,
  );
  if (!leaf.checkPrivateKey(key)) {
    throw new ConfigError(
      `${keyWhere} is not the key of the certificate in ${expected.certificate}: set the two that belong together`,
    );
  }
  if (leaf.issuer.includes(DEV_AUTHORITY)) {
    throw new ConfigError(
      `${where} is of the development authority, whose key lies in a data directory: set a certificate of your own authority`,
    );
  }
  if (leaf.ca || leaf.checkIssued(leaf)) {
    throw new ConfigError(
      `${where} is self-signed: clients would have to trust it without anybody to take it back. Set a certificate that an ` +
        'authority of yours, or a public one, has issued',
    );
  }
  if (leaf.validToDate <= now) {
    throw new ConfigError(`${where} has expired (${leaf.validToDate.toISOString()}): renew it`);
  }
  if (leaf.validFromDate > now) {
    throw new ConfigError(
      `${where} is not valid before ${leaf.validFromDate.toISOString()}: look at this machine's clock`,
    );
  }
  const missing = expected.names.filter((name) => leaf.checkHost(name, { subject: 'never' }) === undefined);
  if (missing.length > 0) {
    throw new ConfigError(
      `${where} does not cover ${missing.join(', ')} (it is for ${leaf.subjectAltName ?? 'no name'}): set one that names ` +
        `${missing.length === 1 ? 'it' : 'them'}`,
    );
  }
  read(() => tlsOptions(pem), `${where} cannot be used with its key`);
}

function read<T>(parse: () => T, otherwise: string): T {
  try {
    return parse();
  } catch (cause) {
    throw new ConfigError(otherwise, { cause });
  }
}
