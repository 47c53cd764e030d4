// The two certificates of a production deployment, for instances and for the resource manager: each for itself as it must be,
// and neither able to stand in for the other.
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { checkClientAuthorities } from '../../http/tls/client-authorities.ts';
import { type TlsFiles, tlsOptions } from '../../http/tls/server-options.ts';
import type { CertificateFiles, ProductionConfig } from '../production-config.ts';
import { ConfigError } from '../start-config.ts';
import { readPlainFile, readSecretFile } from './check-files.ts';

type Config = Pick<ProductionConfig, 'tls' | 'names'>;

const DEV_AUTHORITY = 'Strongroom development authority';

/** @param served names of instances that it has to cover @throws ConfigError */
export function readInstancesCertificate({ tls }: Config, served: readonly string[]): TlsFiles {
  return readCertificate(tls.instances, 'tls.instances', served);
}

/** @throws ConfigError */
export function readResourceManagerCertificate({ tls, names }: Config): TlsFiles {
  const own = [names.resourceManager, ...(names.graph === undefined ? [] : [names.graph])];
  return readCertificate(tls.resourceManager, 'tls.resourceManager', own);
}

/** @throws ConfigError */
export function checkTogether({ tls, names }: Config, instances: TlsFiles, resourceManager: TlsFiles): void {
  checkApart(instances, resourceManager, names.instances);
  checkForInstances(instances, tls.instances.certificate, names.instances);
  if (tls.clientAuthorities !== undefined) readAuthorities(tls.clientAuthorities, 'tls.clientAuthorities');
}

/** Else the process that answers for the resource manager could answer for an instance, and see its callers' tokens. */
function checkApart(instances: TlsFiles, resourceManager: TlsFiles, domain: string): void {
  const keyOf = ({ key }: TlsFiles): string => createPublicKey(key).export({ format: 'pem', type: 'spki' }).toString();
  const covered = instanceName(new X509Certificate(resourceManager.certificate), domain);
  if (covered === undefined && keyOf(instances) !== keyOf(resourceManager)) return;
  throw new ConfigError(
    `tls.resourceManager: ${covered === undefined ? 'it has the key of tls.instances' : `its certificate is good for instances too (${covered})`}, ` +
      'so that the management plane could answer for an instance: set a certificate and a key of its own',
  );
}

/** Which instances there will be is not known; that none could be served is. */
function checkForInstances({ certificate }: TlsFiles, path: string, domain: string): void {
  const leaf = new X509Certificate(certificate);
  if (namesIn(leaf).some((name) => name.endsWith(`.${domain}`))) return;
  throw new ConfigError(
    `tls.instances.certificate: ${path} does not cover any name below ${domain}, which names.instances says (it is for ` +
      `${leaf.subjectAltName ?? 'no name'}): set one for *.${domain}, or for each instance`,
  );
}

/** A name that the certificate has and that an instance has or could get: one of the domain, with or without a wildcard. */
function instanceName(leaf: X509Certificate, domain: string): string | undefined {
  const any = `any.${domain}`;
  if (leaf.checkHost(any, { subject: 'never' }) !== undefined) return `*.${domain}`;
  return namesIn(leaf).find((name) => `.${name}`.endsWith(`.${domain}`));
}

/** Names with special characters come in quotes: the parts of one count like names. */
function namesIn(leaf: X509Certificate): readonly string[] {
  const parts = (leaf.subjectAltName ?? '').toLowerCase().split(/[\s,:"]+/);
  return parts.map((name) => name.replace(/\.$/, ''));
}

function readAuthorities(path: string, member: string): void {
  const pem = readPlainFile(path, member);
  try {
    checkClientAuthorities(pem);
  } catch (cause) {
    throw new ConfigError(`${member}: ${path}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * One that may be shown to clients: of an authority, in force, belonging to its key, and naming what it is for.
 * @param member as it is called in the configuration @throws ConfigError
 */
function readCertificate(files: CertificateFiles, member: string, names: readonly string[]): TlsFiles {
  const now = new Date();
  const [where, keyWhere] = [`${member}.certificate: ${files.certificate}`, `${member}.key: ${files.key}`];
  const pem = {
    key: readSecretFile(files.key, `${member}.key`),
    certificate: readPlainFile(files.certificate, `${member}.certificate`),
  };
  const leaf = read(() => new X509Certificate(pem.certificate), `${where} is no certificate in PEM form`);
  const key = read(() => createPrivateKey(pem.key), `${keyWhere} is no private key in PEM form without a passphrase`);
  if (!leaf.checkPrivateKey(key)) {
    throw new ConfigError(
      `${keyWhere} is not the key of the certificate in ${files.certificate}: set the two that belong together`,
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
  const missing = names.filter((name) => leaf.checkHost(name, { subject: 'never' }) === undefined);
  if (missing.length > 0) {
    throw new ConfigError(
      `${where} does not cover ${missing.join(', ')} (it is for ${leaf.subjectAltName ?? 'no name'}): set one that names ` +
        `${missing.length === 1 ? 'it' : 'them'}`,
    );
  }
  read(() => tlsOptions(pem), `${where} cannot be used with its key`);
  return pem;
}

function read<T>(parse: () => T, otherwise: string): T {
  try {
    return parse();
  } catch (cause) {
    throw new ConfigError(otherwise, { cause });
  }
}
