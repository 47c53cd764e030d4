// With what the instance reaches the place it is told of: a token that the command passes on, an identity of its own, or,
// for directories, nothing.
import { type OptionList, UsageError } from '../../command.ts';
import { readSas, sasOption } from './place.ts';

export const credentialOptions = {
  ...sasOption,
  'managed-identity': {
    type: 'boolean',
    description: "the instance reaches the container under its own identity ('backupIdentity')",
  },
} as const satisfies OptionList;

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
  if (file !== undefined) return { storageResourceUri, token: readSas(file) };
  return values['managed-identity'] ? { storageResourceUri, useManagedIdentity: true } : { storageResourceUri };
}
