// `strongroom custodian tool`: the custodian commands as one file, for machines without the service and without network.

import { jsonOption } from '../../command.ts';
import { CUSTODIAN_TOOL } from '../../custodian-tool/one-file.ts';
import { writeOneFile } from '../../one-file/build.ts';
import { custodianCommand } from './refusals.ts';

export const tool = custodianCommand({
  name: 'custodian tool',
  summary: 'write the custodian commands as one file that runs offline on plain Node',
  operands: '',
  details: `
The file needs Node 20 or newer and nothing else: no checkout, no package, no network. Prints its SHA-256, which you tell the
custodians over another way than the file. The same version of the product gives the same bytes, so anyone with the checkout
can check a file by making it again.`,
  options: {
    'out FILE (strongroom-custodian.mjs)': 'file to write',
    ...jsonOption,
  },
  examples: ['strongroom custodian tool --out /media/stick/strongroom-custodian.mjs'],
  run: ({ out }) => writeOneFile(out, CUSTODIAN_TOOL),
});
