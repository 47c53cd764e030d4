// With what a place of backups is reached: a SAS token from a file or the environment, never from arguments, which every account
// of the machine can read; or an identity, in the form in which instances are given theirs; for directories, nothing.
import { isAbsolute } from 'node:path';
import type { StorageCredential } from '../../../features/backup/storage/port.ts';
import { type InstanceIdentity, readInstanceIdentity } from '../../../formats/instance-identity.ts';
import { ShapeError } from '../../../formats/shape.ts';
import { CommandError, type OptionValues, UsageError } from '../../command.ts';
import { explained } from '../../explained.ts';
import { readJsonInput } from '../../read-input.ts';
import { readSecret, rejectOpenSecret } from '../../read-secret.ts';

/** The name that `az storage` has for it. */
export const SAS_VARIABLE = 'AZURE_STORAGE_SAS_TOKEN';

const sasOption = {
  'sas-file FILE': `file with the SAS token of the container, closed to others (default: $${SAS_VARIABLE})`,
} as const;

/** Options of commands that have an instance reach the place. */
export const credentialOptions = {
  ...sasOption,
  'managed-identity': "the instance reaches the container under its own identity ('backupIdentity')",
} as const;

/** Options of commands that read the place themselves. */
export const placeOptions = {
  ...sasOption,
  'identity-file FILE': "instead of a SAS token: an identity, as JSON in the form of 'backupIdentity'",
  'storage-ca FILE': "certificate authority of the container's host, instead of the system's",
} as const;
export type PlaceValues = OptionValues<typeof placeOptions>;

/** The members that requests name a place with. @throws UsageError, CommandError */
export function storageMembers(uri: string, values: OptionValues<typeof credentialOptions>): object {
  const file = values['sas-file'];
  if (file !== undefined && values['managed-identity'])
    throw new UsageError('--sas-file and --managed-identity exclude each other');
  const storageResourceUri = uri;
  if (values['managed-identity']) return { storageResourceUri, useManagedIdentity: true };
  // A variable that is set for other work says nothing about a directory; a file that is named does, and is refused there.
  const token = uri.startsWith('file:') && file === undefined ? undefined : readSas(file);
  return token === undefined ? { storageResourceUri } : { storageResourceUri, token };
}

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

function readIdentity(file: string): InstanceIdentity {
  const json = readJsonInput(file);
  return explained(
    () => {
      const identity = readInstanceIdentity(json, 'identity');
      for (const name of ['secretFile', 'headerFile', 'caFile'] as const) {
        const path = (identity as { readonly [member in typeof name]?: string })[name];
        if (path === undefined) continue;
        // Another process, with another working directory, reads it too.
        if (!isAbsolute(path)) throw new ShapeError(`identity.${name} must be an absolute path`);
        if (name !== 'caFile') rejectOpenSecret(path);
      }
      return identity;
    },
    { ShapeError: `${file}: ` },
  );
}

/** Undefined: there is none. @throws CommandError */
function readSas(file: string | undefined): string | undefined {
  const given = process.env[SAS_VARIABLE]?.trim();
  if (file === undefined) return given === '' ? undefined : given;
  const text = readSecret(file).toString('utf8').trim();
  if (text === '') throw new CommandError(`${file} is empty; it should hold a SAS token`);
  return text;
}
