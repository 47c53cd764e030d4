// With what a container is opened by a command itself: a SAS token from a file or the environment, never from arguments, which
// every account of the machine can read; or an identity, in the form in which instances are given theirs.

import { isAbsolute } from 'node:path';
import { readInstanceIdentity } from '../../../deployment/backup-places.ts';
import type { StorageCredential } from '../../../features/backup/storage/port.ts';
import type { InstanceIdentity } from '../../../formats/instance-identity.ts';
import { ShapeError } from '../../../formats/shape.ts';
import { CommandError, UsageError } from '../../command.ts';
import { readJsonInput } from '../../read-input.ts';
import { rejectOpenSecret } from '../../read-secret.ts';
import { readSas, SAS_VARIABLE, sasOption } from './sas.ts';

/** Options of commands that read the place themselves. */
export const placeOptions = {
  ...sasOption,
  'identity-file FILE': "instead of a SAS token: an identity, as JSON in the form of 'backupIdentity'",
  'storage-ca FILE': "certificate authority of the container's host, instead of the system's",
} as const;

export interface PlaceValues {
  readonly 'sas-file': string | undefined;
  readonly 'identity-file': string | undefined;
  readonly 'storage-ca': string | undefined;
}

/** @throws UsageError, CommandError */
export function credentialOf(
  uri: string,
  { 'sas-file': sas, 'identity-file': file, 'storage-ca': ca }: PlaceValues,
): { readonly credential: StorageCredential; readonly identity?: InstanceIdentity } {
  if (uri.startsWith('file:')) {
    for (const [option, value] of Object.entries({ 'sas-file': sas, 'identity-file': file, 'storage-ca': ca })) {
      if (value !== undefined) throw new UsageError(`a directory takes no --${option}`);
    }
    return { credential: { kind: 'none' } };
  }
  if (sas !== undefined && file !== undefined)
    throw new UsageError('--sas-file and --identity-file exclude each other');
  if (file !== undefined) return { credential: { kind: 'managedIdentity' }, identity: readIdentity(file) };
  const token = readSas(sas);
  if (token === undefined)
    throw new UsageError(`a container needs --sas-file, $${SAS_VARIABLE}, or an --identity-file`);
  return { credential: { kind: 'sas', token } };
}

/** @throws CommandError naming the file */
function readIdentity(file: string): InstanceIdentity {
  const json = readJsonInput(file);
  try {
    const identity = readInstanceIdentity(json, 'identity');
    for (const name of ['secretFile', 'headerFile', 'caFile'] as const) {
      const path = (identity as { readonly [member in typeof name]?: string })[name];
      if (path === undefined) continue;
      // Another process, with another working directory, reads it too.
      if (!isAbsolute(path)) throw new ShapeError(`identity.${name} must be an absolute path`);
      if (name !== 'caFile') rejectOpenSecret(path);
    }
    return identity;
  } catch (cause) {
    if (!(cause instanceof ShapeError)) throw cause;
    throw new CommandError(`${file}: ${cause.message}`, { cause });
  }
}
