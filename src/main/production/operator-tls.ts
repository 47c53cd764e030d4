// The operator's certificates: checked at the start and whenever their files change, and handed to the processes that show
// them as files of their own folders. A replacement that is not good is refused, and the one before stays.
import { createPublicKey, X509Certificate } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkClientAuthorities } from '../../gateway/tls/client-authorities.ts';
import { openRenewal } from '../../gateway/tls/renewal.ts';
import type { TlsFiles } from '../../gateway/tls/server-options.ts';
import type { InstancePlaces } from '../config/data-layout.ts';
import type { ProductionConfig } from '../config/production-config.ts';
import { ConfigError } from '../config/start-config.ts';
import { INSTANCES_CERTIFICATE, uncoveredIn } from '../config/uncovered-names.ts';
import { makePrivateFolder } from '../files/private-folder.ts';
import { readCertificate } from './check-certificate.ts';
import { readPlainFile } from './check-files.ts';

export interface OperatorTls extends Disposable {
  /** What of these host names the instances' certificate does not cover. */
  uncovered(names: readonly string[]): readonly string[];
  /** From now on the instance has the certificate, and those that come after it. @param names its own, lower case */
  give(places: Pick<InstancePlaces, 'tlsKey' | 'tlsCertificate'>, names: readonly string[]): void;
}

/** @param control folder of the control process @throws ConfigError */
export function openOperatorTls(
  config: ProductionConfig,
  control: string,
  report: (text: string) => void,
): OperatorTls {
  const { tls, names } = config;
  const controlNames = [names.resourceManager, ...(names.graph === undefined ? [] : [names.graph])];
  const given = new Map<string, Pick<InstancePlaces, 'tlsKey' | 'tlsCertificate'>>();
  const served = new Set<string>();
  const readInstances = (): TlsFiles => readCertificate(tls.instances, 'tls.instances', [...served], new Date());
  const readControl = (): TlsFiles =>
    readCertificate(tls.resourceManager, 'tls.resourceManager', controlNames, new Date());
  const check = (instances: TlsFiles, resourceManager: TlsFiles): void => {
    checkApart(instances, resourceManager, names.instances);
    checkForInstances(instances, tls.instances.certificate, names.instances);
    if (tls.clientAuthorities !== undefined) readAuthorities(tls.clientAuthorities, 'tls.clientAuthorities');
  };
  let instances = readInstances();
  let resourceManager = readControl();
  check(instances, resourceManager);
  const giveControl = (): void => {
    write(join(control, 'tls-key.pem'), resourceManager.key);
    write(join(control, 'tls-certificate.pem'), resourceManager.certificate);
    write(join(control, INSTANCES_CERTIFICATE), instances.certificate);
  };
  const giveTo = (places: Pick<InstancePlaces, 'tlsKey' | 'tlsCertificate'>): void => {
    makePrivateFolder(dirname(places.tlsKey));
    write(places.tlsKey, instances.key);
    write(places.tlsCertificate, instances.certificate);
  };
  giveControl();
  const refuse = (error: unknown): void =>
    report(`certificates that were replaced are not used: ${error instanceof Error ? error.message : String(error)}`);
  const watchInstances = openRenewal(
    tls.instances,
    instances,
    () => {
      const next = readInstances();
      check(next, resourceManager);
      instances = next;
      giveControl();
      for (const places of given.values()) giveTo(places);
      report(`the certificate of ${tls.instances.certificate} is taken up, valid until ${endOf(next)}`);
    },
    refuse,
  );
  const watchControl = openRenewal(
    tls.resourceManager,
    resourceManager,
    () => {
      const next = readControl();
      check(instances, next);
      resourceManager = next;
      giveControl();
      report(`the certificate of ${tls.resourceManager.certificate} is taken up, valid until ${endOf(next)}`);
    },
    refuse,
  );
  return {
    uncovered: (wanted) => uncoveredIn(instances.certificate, wanted),
    give(places, own) {
      for (const name of own) served.add(name);
      given.set(places.tlsKey, places);
      giveTo(places);
    },
    [Symbol.dispose]() {
      watchInstances[Symbol.dispose]();
      watchControl[Symbol.dispose]();
    },
  };
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

function endOf({ certificate }: TlsFiles): string {
  return new X509Certificate(certificate).validToDate.toISOString();
}

/** As a whole; the next start writes it again. */
function write(path: string, content: string): void {
  try {
    if (readFileSync(path, 'utf8') === content) return;
  } catch {
    // It is not there yet.
  }
  writeFileSync(`${path}.new`, content, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
