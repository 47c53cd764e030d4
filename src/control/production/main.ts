// Entry of the control process in the production profile, started by the supervisor only:
// `control/production/main.ts --control DIR --settings FILE --log SOCKET`, with the supervision link as file descriptor 3.
import { parseArgs } from 'node:util';
import { readProductionShape } from '../../deployment/production-config.ts';
import { readConfigFile } from '../../deployment/read-config-file.ts';
import { replaceFile } from '../../files/durable-file.ts';
import { hearAliases } from '../../links/alias-link.ts';
import { openSupervisorLink } from '../../links/child-link.ts';
import { frontToken, ready, syncControl } from '../../links/messages.ts';
import { openManagementAudit } from '../../links/recorder/management-audit.ts';
import { instanceHostOver } from '../control-link.ts';
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
// Nothing is awaited between the link and those who listen to it: the supervisor begins to tell of instances at once.
await using link = openSupervisorLink();
let token: Uint8Array | undefined;
link.on(frontToken, (told) => {
  token = Uint8Array.from(told.token);
});
await using audit = openManagementAudit(socket);
await using control = await startProductionControl({
  folder,
  config,
  audit,
  host: (names) => {
    hearAliases(link, (aliases) => names.setAliases(aliases));
    return instanceHostOver(link, (name, status) => names.setInstance(name, status?.port));
  },
  replaceFile: (path, content) => replaceFile(path, content, { folder: () => link.request(syncControl, {}) }),
  frontToken: () => token,
  now: Date.now,
  log: (message) => console.error(message),
});
link.send(ready, { port: control.port, modulePids: [] });
await link.closed;
