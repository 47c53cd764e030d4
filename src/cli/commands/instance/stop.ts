// `strongroom instance stop` and `start`: one instance of a data directory, the others go on.
import { writeFileSync } from 'node:fs';
import { operatorsMark } from '../../../deployment/operators-mark.ts';
import { command, dataOption } from '../../command.ts';
import { hsmNameOf, hsmNameOption } from '../../hsm-name.ts';
import { instanceFolder } from '../../instance-folder.ts';
import { heed } from './heed.ts';

export const stop = command({
  name: 'instance stop',
  summary: 'stop one instance, until it is started again',
  operands: 'NAME',
  details: `
Its processes end in order; its data stays as it is, and the resource manager goes on showing it. It stays stopped over
restarts of the service until 'strongroom instance start'. Where nothing runs, it will not start with the rest.`,
  options: { ...hsmNameOption, ...dataOption },
  examples: ['strongroom instance stop dev'],
  async run({ data, 'hsm-name': named }, operands, terminal) {
    const folder = instanceFolder(data, hsmNameOf(named, operands));
    writeFileSync(operatorsMark(folder.at.root), `${new Date().toISOString()}\n`, { mode: 0o600 });
    await heed(folder, ({ instances }) => instances[folder.name]?.activation === 'Stopped');
    terminal.out(`${folder.name} is stopped.\n`);
    return 0;
  },
});
