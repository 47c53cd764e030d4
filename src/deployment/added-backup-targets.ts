// Backup places that the operator allows while the instance runs: `backup-places.json` in its folder, beside those of its
// configuration. The command line writes the file; workers read it each time a backup or restore is asked for.
import { existsSync, readFileSync } from 'node:fs';
import { replaceFile } from '../files/durable-file.ts';
import { oneOf, record } from '../formats/shape.ts';
import type { AllowedBackupTarget } from './backup-targets.ts';
import { readBackupPlaces } from './backup-targets.ts';
import type { InstancePaths } from './data-layout.ts';
import { ConfigError } from './start-config.ts';

const FORMAT = 'strongroom backup places 1';
const shape = record({ format: oneOf(FORMAT), places: readBackupPlaces });

/** @throws ConfigError naming the file and what is wrong */
export function readAddedTargets({
  backupTargetsFile,
}: Pick<InstancePaths, 'backupTargetsFile'>): readonly AllowedBackupTarget[] {
  if (!existsSync(backupTargetsFile)) return [];
  try {
    return shape(JSON.parse(readFileSync(backupTargetsFile, 'utf8')), 'backup-places.json').places;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(
      `${backupTargetsFile} cannot be used (${reason}): correct it, or remove it and add the places again`,
      {
        cause,
      },
    );
  }
}

export async function writeAddedTargets(
  { backupTargetsFile }: Pick<InstancePaths, 'backupTargetsFile'>,
  added: readonly AllowedBackupTarget[],
): Promise<void> {
  await replaceFile(backupTargetsFile, `${JSON.stringify({ format: FORMAT, places: added }, null, 2)}\n`);
}
