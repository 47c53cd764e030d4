// `strongroom release authority`: makes a development attestation authority in a folder.

import { DEV_ATTESTATION } from '../../../deployment/name-forms.ts';
import { printableJson } from '../../../formats/printable.ts';
import { createAuthorityFolder } from '../../../tools/release/authority/authority-folder.ts';
import { CommandError, command, jsonOption, UsageError } from '../../command.ts';

const NAME_OPTION = `name URL (${DEV_ATTESTATION})` as const;

export const authority = command({
  name: 'release authority',
  summary: 'make an attestation authority for development',
  operands: 'DIR',
  details: `
Writes key.pem (signs tokens) and trust.json (what an HSM is told to trust it: see 'release trust'). The authority inspects
no enclave: whoever has the folder can claim anything. No HSM trusts it until an administrator says so.`,
  options: {
    [NAME_OPTION]: 'what tokens say as their issuer, and policies as authority',
    ...jsonOption,
  },
  examples: ['strongroom release authority ./authority'],
  async run({ name, json }, [folder, spare], terminal) {
    if (folder === undefined || spare !== undefined) throw new UsageError('name one folder');
    try {
      const made = createAuthorityFolder(folder, name);
      if (json) terminal.out(printableJson({ authority: made.authority, folder }));
      else
        terminal.out(`authority  ${made.authority}\nkey        ${folder}/key.pem\ntrust      ${folder}/trust.json\n`);
      return 0;
    } catch (error) {
      if (error instanceof RangeError || (error instanceof Error && 'syscall' in error)) {
        throw new CommandError(error.message, { cause: error });
      }
      throw error;
    }
  },
});
