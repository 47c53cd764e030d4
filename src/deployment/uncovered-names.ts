// Names of instances that the operator's certificate does not cover: no client would speak to an instance under them.
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { places } from './data-layout.ts';
import { type ProductionConfig, readProductionShape } from './production-config.ts';
import { certificateNames } from './production-names.ts';
import { readConfigFile } from './read-config-file.ts';

/** In control's folder: the instances' certificate that is used now, by which it knows them. */
export const INSTANCES_CERTIFICATE = 'instances-certificate.pem';

/** @param certificate PEM; the first one in it counts */
export function uncoveredIn(certificate: string, names: readonly string[]): readonly string[] {
  const leaf = new X509Certificate(certificate);
  return names.filter((name) => leaf.checkHost(name, { subject: 'never' }) === undefined);
}

export function uncoveredText({ tls }: Pick<ProductionConfig, 'tls'>, names: readonly string[]): string {
  return (
    `the certificate of instances (tls.instances.certificate, ${tls.instances.certificate}) does not cover ` +
    `${names.join(', ')}: set one that does, such as one for *.${names[0]?.split('.').slice(1).join('.')}`
  );
}

/** The other way out. */
export function withoutAlias(alias: string): string {
  return `take the alias away: ./strongroom alias remove ${alias}`;
}

/**
 * Why nobody could use an alias in this data directory; undefined: nothing speaks against it, as in the dev profile, which
 * has a certificate made. Where nothing runs, the certificate of the last start's configuration counts; one that cannot be
 * read is for the start to refuse.
 */
export function uncoveredInData(root: string, alias: string, isRunning: boolean): string | undefined {
  const at = places(root);
  const file = at.production;
  if (!existsSync(file)) return undefined;
  const config = readConfigFile(file, readProductionShape);
  const path = isRunning ? join(at.control, INSTANCES_CERTIFICATE) : config.tls.instances.certificate;
  let names: readonly string[];
  try {
    names = uncoveredIn(readFileSync(path, 'utf8'), certificateNames(config, alias, []));
  } catch {
    return undefined;
  }
  return names.length === 0 ? undefined : uncoveredText(config, names);
}
