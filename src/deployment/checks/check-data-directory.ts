// Whether a data directory is this deployment's, and whether the configuration still serves what is in it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readAliases } from '../aliases.ts';
import type { Places } from '../data-layout.ts';
import type { ProductionConfig } from '../production-config.ts';
import { certificateNames } from '../production-names.ts';
import { ConfigError } from '../start-config.ts';
import { uncoveredText, withoutAlias } from '../uncovered-names.ts';
import { checkDeployment } from './check-deployment.ts';
import { checkDataFolder } from './check-files.ts';
import { existingInstances } from './existing-instances.ts';

/** @throws ConfigError */
export function checkDataDirectory(at: Places, config: ProductionConfig): void {
  checkDataFolder(at.root);
  if (existsSync(join(at.root, 'dev-clients.json'))) {
    throw new ConfigError(
      `${at.root} is a data directory of the dev profile, with identities and an authority that it made: name another with --data`,
    );
  }
  checkDeployment(at.root, config);
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
