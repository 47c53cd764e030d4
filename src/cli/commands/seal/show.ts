// `strongroom seal show`: by what an instance's root keys are sealed.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { printableJson } from '../../../formats/printable.ts';
import { sealRows, shownFromFile } from '../../../tools/seal/describe-seal.ts';
import { CommandError, command, dataOption, jsonOption } from '../../command.ts';
import { hsmNameOf, hsmNameOption } from '../../hsm-name.ts';
import { instanceFolder } from '../../instance-folder.ts';

export const show = command({
  name: 'seal show',
  summary: "show by what an instance's root keys are sealed",
  operands: 'NAME',
  details: 'Reads the head of the sealed state, whether the instance runs or not. Nothing secret is in it.',
  options: { ...hsmNameOption, ...dataOption, ...jsonOption },
  examples: ['strongroom seal show dev', 'strongroom seal show dev --json'],
  async run({ data, json, 'hsm-name': named }, operands, terminal) {
    const { at, name } = instanceFolder(data, hsmNameOf(named, operands));
    const file = join(at.module, 'state.sealed');
    if (!existsSync(file)) throw new CommandError(`'${name}' has no root keys yet`);
    const seal = shownFromFile(readFileSync(file), name);
    if (json) terminal.out(printableJson(seal));
    else for (const [label, text] of sealRows(seal)) terminal.out(`${label.padEnd(10)} ${text}\n`);
    return 0;
  },
});
