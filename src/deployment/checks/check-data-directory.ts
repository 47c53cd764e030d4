// Whether a data directory is this deployment's, and whether the configuration still serves what is in it.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readAliases } from '../aliases.ts';
import type { Places } from '../data-layout.ts';
import type { ProductionConfig } from '../production-config.ts';
import { certificateNames } from '../production-names.ts';
import { readOwnFile } from '../read-config-file.ts';
import { ConfigError } from '../start-config.ts';
import { uncoveredText, withoutAlias } from '../uncovered-names.ts';
import { checkDataFolder } from './check-files.ts';
import { checkSinkPaths } from './check-sink-files.ts';

/** @throws ConfigError */
export function checkDataDirectory(at: Places, config: ProductionConfig): void {
  checkDataFolder(at.root);
  if (existsSync(join(at.root, 'dev-clients.json'))) {
    throw new ConfigError(
      `${at.root} is a data directory of the dev profile, with identities and an authority that it made: name another with --data`,
    );
  }
  checkDeployment(at, config);
  checkSinkPaths(config.sinks ?? [], at.root);
}

/** @param uncovered what of these host names the instances' certificate does not cover @throws ConfigError */
export function checkExisting(
  at: Places,
  config: ProductionConfig,
  uncovered: (names: readonly string[]) => readonly string[],
): void {
  const missing = uncovered(existingInstances(at).flatMap((name) => certificateNames(config, name, [])));
  if (missing.length > 0) throw new ConfigError(uncoveredText(config, missing));
  for (const alias of Object.keys(readAliases(at.root))) {
    const names = uncovered(certificateNames(config, alias, []));
    if (names.length > 0) throw new ConfigError(`${uncoveredText(config, names)}, or ${withoutAlias(alias)}`);
  }
}

/** Names of the instances that a data directory holds. */
export function existingInstances(at: Places): readonly string[] {
  if (!existsSync(at.instances)) return [];
  return readdirSync(at.instances).filter((name) => existsSync(at.instance(name).config));
}

/** Tenant and subscription are part of what is in a data directory, and cannot be exchanged. @throws ConfigError */
function checkDeployment({ root, production }: Places, { tenantId, subscription }: ProductionConfig): void {
  if (!existsSync(production)) return;
  const read = (value: unknown) => value as Pick<ProductionConfig, 'tenantId' | 'subscription'>;
  const before = readOwnFile(production, read, 'remove it, it is written at each start', 'cannot be read');
  const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
  if (isSame(before.tenantId, tenantId) && isSame(before.subscription.id, subscription.id)) return;
  throw new ConfigError(
    `${root} is of tenant ${before.tenantId} and subscription ${before.subscription.id}, the configuration of others: set ` +
      '"tenantId" and "subscription.id" to these, or name another directory with --data',
  );
}
