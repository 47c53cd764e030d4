// With what the instance reaches the place it is told of: a token that the command passes on, an identity of its own, or,
// for directories, nothing.
import { UsageError } from '../../command.ts';
import { readSas, sasOption } from './sas.ts';

export const credentialOptions = {
  ...sasOption,
  'managed-identity': "the instance reaches the container under its own identity ('backupIdentity')",
} as const;

export interface CredentialValues {
  readonly 'sas-file': string | undefined;
  readonly 'managed-identity': boolean;
}

/** The members that requests name a place with. @throws UsageError, CommandError */
export function storageMembers(uri: string, values: CredentialValues): object {
  const file = values['sas-file'];
  if (file !== undefined && values['managed-identity'])
    throw new UsageError('--sas-file and --managed-identity exclude each other');
  const storageResourceUri = uri;
  if (values['managed-identity']) return { storageResourceUri, useManagedIdentity: true };
  // A variable that is set for other work says nothing about a directory; a file that is named does, and is refused there.
  const token = uri.startsWith('file:') && file === undefined ? undefined : readSas(file);
  return token === undefined ? { storageResourceUri } : { storageResourceUri, token };
}
