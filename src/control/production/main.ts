// Entry of the control process in the production profile, started by the supervisor only:
// `control/production/main.ts --control DIR --settings FILE --log SOCKET`, with the supervision link as file descriptor 3.
import { parseArgs } from 'node:util';
import { readProductionShape } from '../../deployment/production-config.ts';
import { readConfigFile } from '../../deployment/read-config-file.ts';
import { runControl } from '../run-control.ts';
import { startProductionControl } from './control-process.ts';

// The terminal's Ctrl-C reaches the whole process group; the supervisor decides when this process ends.
process.on('SIGINT', () => {});
process.umask(0o077);

const { values } = parseArgs({
  options: { control: { type: 'string' }, settings: { type: 'string' }, log: { type: 'string' } },
});
const { control: folder, settings, log: socket } = values;
if (folder === undefined || settings === undefined || socket === undefined)
  throw new Error('started by the supervisor only');
const config = readConfigFile(settings, readProductionShape);
await runControl(socket, (linked) => startProductionControl({ ...linked, folder, config }));
