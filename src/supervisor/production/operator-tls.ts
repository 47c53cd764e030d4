// The operator's certificates: checked at the start and whenever their files change, and handed to the processes that show
// them as files of their own folders. A replacement that is not good is refused, and the one before stays.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  checkTogether,
  readInstancesCertificate,
  readResourceManagerCertificate,
} from '../../deployment/checks/operator-certificates.ts';
import type { InstancePaths } from '../../deployment/data-layout.ts';
import type { ProductionConfig } from '../../deployment/production-config.ts';
import { INSTANCES_CERTIFICATE, uncoveredIn } from '../../deployment/uncovered-names.ts';
import { replaceFileSync } from '../../files/durable-file-sync.ts';
import { makePrivateFolder } from '../../files/private-folder.ts';
import { openRenewal } from '../../http/tls/renewal.ts';
import type { TlsFiles } from '../../http/tls/server-options.ts';

export interface OperatorTls extends Disposable {
  /** What of these host names the instances' certificate does not cover. */
  uncovered(names: readonly string[]): readonly string[];
  /** From now on the instance has the certificate, and those that come after it. @param names its own, lower case */
  give(places: Pick<InstancePaths, 'tlsKey' | 'tlsCertificate'>, names: readonly string[]): void;
}

/** @param control folder of the control process @throws ConfigError */
export function openOperatorTls(
  config: ProductionConfig,
  control: string,
  report: (text: string) => void,
): OperatorTls {
  const { tls } = config;
  const given = new Map<string, Pick<InstancePaths, 'tlsKey' | 'tlsCertificate'>>();
  const served = new Set<string>();
  const readInstances = (): TlsFiles => readInstancesCertificate(config, [...served]);
  let instances = readInstances();
  let resourceManager = readResourceManagerCertificate(config);
  checkTogether(config, instances, resourceManager);
  const giveControl = (): void => {
    write(join(control, 'tls-key.pem'), resourceManager.key);
    write(join(control, 'tls-certificate.pem'), resourceManager.certificate);
    write(join(control, INSTANCES_CERTIFICATE), instances.certificate);
  };
  const giveTo = (places: Pick<InstancePaths, 'tlsKey' | 'tlsCertificate'>): void => {
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
      checkTogether(config, next, resourceManager);
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
      const next = readResourceManagerCertificate(config);
      checkTogether(config, instances, next);
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

function endOf({ certificate }: TlsFiles): string {
  return new X509Certificate(certificate).validToDate.toISOString();
}

function write(path: string, content: string): void {
  try {
    if (readFileSync(path, 'utf8') === content) return;
  } catch {
    // It is not there yet.
  }
  replaceFileSync(path, content);
}
