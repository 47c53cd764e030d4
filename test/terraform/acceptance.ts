// azurerm's own acceptance tests for managed HSMs, one process each, with neighbours for what they take from other services.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Ended, runIn } from '../conformance/run-in.ts';

/** In the order of the provider's own table. */
export const ACCEPTANCE: readonly string[] = [
  'dataSource/basic',
  'resource/basic',
  'resource/update',
  'resource/complete',
  'resource/download',
  'roleAssignments/builtInRole',
  'roleAssignments/customRole',
  'roleDefinitions/basic',
  'roleDefinitionDataSource/basic',
  'keys/basic',
  'keys/complete',
  'keys/purge',
  'keys/softDeleteRecovery',
  'keys/rotationPolicy',
  'keys/data_source',
];

export async function runAcceptance(
  name: string,
  { folder, tools, environment }: { folder: string; tools: string; environment: Readonly<Record<string, string>> },
): Promise<Ended> {
  const cwd = join(folder, name.replace('/', '-'));
  await mkdir(cwd, { recursive: true });
  const env = {
    ...environment,
    TF_ACC: '1',
    TF_ACC_TERRAFORM_PATH: join(tools, 'tofu'),
    TF_ACC_PROVIDER_HOST: 'registry.opentofu.org',
    TF_ACC_TEMP_DIR: cwd,
    CHECKPOINT_DISABLE: '1',
    ARM_TEST_LOCATION: 'westeurope',
    ARM_TEST_LOCATION_ALT: 'westeurope',
    ARM_TEST_LOCATION_ALT2: 'westeurope',
  };
  const pattern = ['TestAccKeyVaultManagedHardwareSecurityModule_sequential', ...name.split('/')]
    .map((part) => `^${part}$`)
    .join('/');
  const args = ['-test.v', '-test.timeout=120m', `-test.run=${pattern}`];
  return runIn({ cwd, env, timeout: 7_200_000 }, join(tools, 'azurerm-managedhsm.test'), ...args);
}
