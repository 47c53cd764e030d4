// `strongroom instance start`: takes back what `instance stop` did.
import { rmSync } from 'node:fs';
import { operatorsMark } from '../../../deployment/operators-mark.ts';
import { printable } from '../../../formats/printable.ts';
import { CommandError, command, dataOption } from '../../command.ts';
import { hsmNameOf, hsmNameOption } from '../../hsm-name.ts';
import { instanceFolder } from '../../instance-folder.ts';
import { messageHere } from '../../same-place.ts';
import { heed } from './heed.ts';

export const start = command({
  name: 'instance start',
  summary: 'start an instance that was stopped',
  operands: 'NAME',
  details: `
Starts what 'strongroom instance stop' has stopped. Where nothing runs, it starts with the rest next time. An instance that
was deleted at the resource manager is not started by this.`,
  options: { ...hsmNameOption, ...dataOption },
  examples: ['strongroom instance start dev'],
  async run({ data, 'hsm-name': named }, operands, terminal) {
    const folder = instanceFolder(data, hsmNameOf(named, operands));
    rmSync(operatorsMark(folder.at.root), { force: true });
    const state = await heed(folder, ({ instances }) => {
      const own = instances[folder.name];
      return own !== undefined && (own.port !== 0 || own.activation === 'Failed');
    });
    const own = state?.instances[folder.name];
    if (own?.port === 0) {
      const why = messageHere(own.message, folder.name, data);
      throw new CommandError(`'${folder.name}' does not serve, and goes on being tried: ${printable(why)}`);
    }
    if (own === undefined) terminal.out(`${folder.name} starts with the rest.\n`);
    else {
      const why = own.activation === 'Active' ? '' : `  ${messageHere(own.message, folder.name, data)}\n`;
      terminal.out(`${folder.name}  ${own.activation}\n${why}`);
    }
    return 0;
  },
});
