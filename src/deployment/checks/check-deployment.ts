// Whether the configuration is of the deployment that the data directory holds: tenant and subscription are part of what is
// in it, and cannot be exchanged.
import { existsSync, readFileSync } from 'node:fs';
import type { ProductionConfig } from '../production-config.ts';
import { productionFile } from '../production-file.ts';
import { ConfigError } from '../start-config.ts';

/** @throws ConfigError */
export function checkDeployment(root: string, { tenantId, subscription }: ProductionConfig): void {
  const file = productionFile(root);
  if (!existsSync(file)) return;
  const before = readBefore(file);
  const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
  if (isSame(before.tenantId, tenantId) && isSame(before.subscription.id, subscription.id)) return;
  throw new ConfigError(
    `${root} is of tenant ${before.tenantId} and subscription ${before.subscription.id}, the configuration of others: set ` +
      '"tenantId" and "subscription.id" to these, or name another directory with --data',
  );
}

function readBefore(file: string): Pick<ProductionConfig, 'tenantId' | 'subscription'> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProductionConfig;
  } catch (cause) {
    throw new ConfigError(
      `${file} cannot be read (${(cause as Error).message}): remove it, it is written at each start`,
      {
        cause,
      },
    );
  }
}
