// `strongroom custodian tool`: the custodian commands as one file, for machines without the service and without network.

import { createHash } from 'node:crypto';
import { writeNewFile } from '../../../tools/custodian/files.ts';
import { jsonOption } from '../../command.ts';
import { buildCustodianTool } from '../../custodian-tool/build.ts';
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
  async run({ out }) {
    const text = await buildCustodianTool();
    await writeNewFile(out, text, 0o755);
    const sha256 = createHash('sha256').update(text, 'utf8').digest('hex');
    return { json: { file: out, sha256 }, text: `${sha256}  ${out}\n` };
  },
});
