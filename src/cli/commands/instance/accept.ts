// `strongroom instance accept`: has an instance go on with the store and the log that are there, when a start was refused
// because the module's witnesses of newer ones are missing. Once, for exactly what that start found, and put on record.
import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { readUnwitnessed } from '../../../deployment/unwitnessed.ts';
import { replaceFile } from '../../../files/durable-file.ts';
import { ownCommand } from '../../../formats/own-command.ts';
import { oneLine, printableJson } from '../../../formats/printable.ts';
import { CommandError, command, dataOption, jsonOption, UsageError } from '../../command.ts';
import { hsmNameOf, hsmNameOption } from '../../hsm-name.ts';
import { instanceFolder } from '../../instance-folder.ts';
import { placeOf } from '../../same-place.ts';

const MAX_REASON = 500;

export const accept = command({
  name: 'instance accept',
  summary: 'go on with a store and a log of which nothing tells that they are the newest',
  operands: 'NAME',
  details: `
For an instance that is not started because the module's witnesses of the newest store and log are missing. Without them
nobody at this machine can tell whether older copies were put back, with a role or a key that was taken away since. First put
the module's folder back as it was, if that can be; else compare the log with a checkpoint kept elsewhere:
'strongroom audit verify --hsm-name NAME --checkpoint FILE'. What the last start found is accepted, nothing else and once:
the next start puts it on record, with the reason and the name of the operating system's user, before it serves. What
contradicts the evidence that is left is refused all the same.`,
  options: {
    'reason TEXT': 'why, for the log',
    ...hsmNameOption,
    ...dataOption,
    ...jsonOption,
  },
  examples: ['strongroom instance accept dev --reason "disk replaced, module folder restored without its witnesses"'],
  async run({ data, reason, json, 'hsm-name': named }, operands, terminal) {
    const { at, name } = instanceFolder(data, hsmNameOf(named, operands));
    const why = oneLine(reason ?? '', MAX_REASON);
    if (why === '') throw new UsageError('say why with --reason: it is put on record');
    const path = at.unwitnessed;
    const found = readUnwitnessed(existsSync(path) ? readFileSync(path, 'utf8') : undefined);
    if (found === undefined) {
      throw new CommandError(
        `no start of '${name}' was refused because a witness is missing: there is nothing to accept`,
      );
    }
    const accepted = { reason: why, by: userInfo().username, at: new Date().toISOString() };
    await replaceFile(path, `${JSON.stringify({ ...found, accepted }, null, 2)}\n`);
    if (json) {
      terminal.out(printableJson({ ...found, accepted }));
      return 0;
    }
    const { missing, store, log } = found;
    terminal.out(`missing        witness of the newest ${missing.join(' and ')}\n`);
    terminal.out(`store          sequence ${store.sequence}, hash ${store.hash}\n`);
    terminal.out(`log            ${log.size} entries, root ${log.root}\n`);
    const place = placeOf({ data });
    terminal.err(
      `'${name}' goes on with exactly these at its next start: within half a minute where it is being tried, or with ` +
        `'${ownCommand(`instance start ${name}${place}`)}'\n`,
    );
    return 0;
  },
});
