// The operator's certificates: checked at the start and whenever their files change, and handed to the processes that show
// them as files of their own folders. A replacement that is not good is refused, and the one before stays.
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
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

type Places = Pick<InstancePaths, 'tlsKey' | 'tlsCertificate'>;

export interface OperatorTls extends Disposable {
  /** What of these host names the instances' certificate does not cover. */
  uncovered(names: readonly string[]): readonly string[];
  /** From now on the instance has the certificate, and those that come after it. @param names its own, lower case */
  give(places: Places, names: readonly string[]): void;
}

/** @param control folder of the control process @throws ConfigError */
export function openOperatorTls(
  config: ProductionConfig,
  control: string,
  report: (text: string) => void,
): OperatorTls {
  const { tls } = config;
  const given = new Map<string, Places>();
  const served = new Set<string>();
  const read = {
    instances: () => readInstancesCertificate(config, [...served]),
    resourceManager: () => readResourceManagerCertificate(config),
  };
  let current = { instances: read.instances(), resourceManager: read.resourceManager() };
  const giveTo = (places: Places): void => {
    makePrivateFolder(dirname(places.tlsKey));
    write(places.tlsKey, current.instances.key);
    write(places.tlsCertificate, current.instances.certificate);
  };
  const take = (next: typeof current): void => {
    checkTogether(config, next.instances, next.resourceManager);
    const before = current;
    current = next;
    write(join(control, 'tls-key.pem'), next.resourceManager.key);
    write(join(control, 'tls-certificate.pem'), next.resourceManager.certificate);
    write(join(control, INSTANCES_CERTIFICATE), next.instances.certificate);
    if (next.instances === before.instances) return;
    for (const [key, places] of given) {
      // Of one that was purged nothing comes back.
      if (existsSync(dirname(dirname(places.tlsKey)))) giveTo(places);
      else given.delete(key);
    }
  };
  take(current);
  const watched = (['instances', 'resourceManager'] as const).map((member) =>
    openRenewal(
      tls[member],
      current[member],
      () => {
        const next = read[member]();
        take({ ...current, [member]: next });
        report(`the certificate of ${tls[member].certificate} is taken up, valid until ${endOf(next)}`);
      },
      (error) =>
        report(
          `certificates that were replaced are not used: ${error instanceof Error ? error.message : String(error)}`,
        ),
    ),
  );
  return {
    uncovered: (wanted) => uncoveredIn(current.instances.certificate, wanted),
    give(places, own) {
      for (const name of own) served.add(name);
      given.set(places.tlsKey, places);
      giveTo(places);
    },
    [Symbol.dispose]() {
      for (const each of watched) each[Symbol.dispose]();
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
