// The two certificates of a production deployment, for instances and for the resource manager: each for itself as it must be,
// and neither able to stand in for the other.
import { createPublicKey, X509Certificate } from 'node:crypto';
import { checkClientAuthorities } from '../../http/tls/client-authorities.ts';
import type { TlsFiles } from '../../http/tls/server-options.ts';
import type { ProductionConfig } from '../production-config.ts';
import { ConfigError } from '../start-config.ts';
import { readCertificate } from './check-certificate.ts';
import { readPlainFile } from './check-files.ts';

type Config = Pick<ProductionConfig, 'tls' | 'names'>;

/** @param served names of instances that it has to cover @throws ConfigError */
export function readInstancesCertificate({ tls }: Config, served: readonly string[]): TlsFiles {
  return readCertificate(tls.instances, 'tls.instances', served, new Date());
}

/** @throws ConfigError */
export function readResourceManagerCertificate({ tls, names }: Config): TlsFiles {
  const own = [names.resourceManager, ...(names.graph === undefined ? [] : [names.graph])];
  return readCertificate(tls.resourceManager, 'tls.resourceManager', own, new Date());
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
