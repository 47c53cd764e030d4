// What the commands of backup places have in common: which instance, what its configuration allows, and what was added.

import { readAddedPlaces } from '../../../../deployment/added-backup-places.ts';
import type { BackupPlace, InstanceConfig } from '../../../../deployment/instance.ts';
import { readInstanceConfig } from '../../../../deployment/read-instance.ts';
import { ConfigError } from '../../../../deployment/start-config.ts';
import { CommandError, dataOption, UsageError } from '../../../command.ts';
import { type InstanceFolder, instanceFolder } from '../../../instance-folder.ts';

export const placeListOptions = {
  'hsm-name NAME (dev)': 'the instance',
  ...dataOption,
} as const;

export interface PlacesOfInstance extends InstanceFolder {
  readonly config: InstanceConfig;
  readonly added: readonly BackupPlace[];
}

/** @throws CommandError */
export function placesOf(values: { readonly data: string | undefined; readonly 'hsm-name': string }): PlacesOfInstance {
  const folder = instanceFolder(values.data, values['hsm-name']);
  try {
    return { ...folder, config: readInstanceConfig(folder.at.config), added: readAddedPlaces(folder.at) };
  } catch (cause) {
    if (cause instanceof ConfigError) throw new CommandError(cause.message, { cause });
    throw cause;
  }
}

/** @throws UsageError */
export function onePlace([target, spare]: readonly string[]): string {
  if (target === undefined || spare !== undefined) throw new UsageError('name one place');
  return target;
}
