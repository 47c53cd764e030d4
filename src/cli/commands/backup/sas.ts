// Where a SAS token comes from.
import { CommandError } from '../../command.ts';
import { readSecret } from '../../read-secret.ts';

/** The name that `az storage` has for it. */
export const SAS_VARIABLE = 'AZURE_STORAGE_SAS_TOKEN';

export const sasOption = {
  'sas-file FILE': `file with the SAS token of the container, closed to others (default: $${SAS_VARIABLE})`,
} as const;

/** Undefined: there is none. @throws CommandError */
export function readSas(file: string | undefined): string | undefined {
  const given = process.env[SAS_VARIABLE]?.trim();
  if (file === undefined) return given === '' ? undefined : given;
  const text = readSecret(file).toString('utf8').trim();
  if (text === '') throw new CommandError(`${file} is empty; it should hold a SAS token`);
  return text;
}
