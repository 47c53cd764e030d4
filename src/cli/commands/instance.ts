// `strongroom instance …`: one instance of a data directory is stopped and started, gets new processes, or goes on without its newest witnesses; the
// others go on.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type RunningState, readRunningState } from '../../deployment/running-state.ts';
import { STOP_FLAGS_CHANGED, UNDER_WAY } from '../../deployment/stop-flag.ts';
import { readMissingWitness } from '../../deployment/witness-acceptance.ts';
import { replaceFile } from '../../files/durable-file.ts';
import { readIfThere } from '../../files/read-if-there.ts';
import { ownCommand } from '../../formats/own-command.ts';
import { oneLine, printable } from '../../formats/printable.ts';
import { type Command, CommandError, command, dataOption, jsonOption, UsageError } from '../command.ts';
import { aboutOne, hsmNameOption } from '../hsm-name.ts';
import { type InstanceFolder, instanceFolder } from '../instance-folder.ts';
import { untilRunning } from '../running.ts';
import { messageHere, targetOptions } from '../same-place.ts';
import { labelled } from '../show.ts';

export const commands: readonly Command[] = [
  command({
    name: 'instance start',
    summary: 'start an instance that was stopped',
    ...aboutOne,
    details: `
Starts what 'strongroom instance stop' has stopped. Where nothing runs, it starts with the rest next time. An instance that
was deleted at the resource manager is not started by this.`,
    options: { ...hsmNameOption, ...dataOption },
    examples: ['strongroom instance start dev'],
    async run({ data, 'hsm-name': named }) {
      const folder = instanceFolder(data, named);
      const { name, at } = folder;
      rmSync(at.stopFlag, { force: true });
      const state = await applyStopFlag(folder, ({ instances: { [name]: own } }) => {
        return own !== undefined && (own.port !== 0 || own.activation === 'Failed');
      });
      const own = state?.instances[name];
      if (own === undefined) return `${name} starts with the rest.\n`;
      const why = messageHere(own.message, name, data);
      if (own.port === 0) {
        throw new CommandError(`'${name}' does not serve, and goes on being tried: ${printable(why)}`);
      }
      return `${name}  ${own.activation}\n${own.activation === 'Active' ? '' : `  ${why}\n`}`;
    },
  }),
  command({
    name: 'instance stop',
    summary: 'stop one instance, until it is started again',
    ...aboutOne,
    details: `
Its processes end in order; its data stays as it is, and the resource manager goes on showing it. It stays stopped over
restarts of the service until 'strongroom instance start'. Where nothing runs, it will not start with the rest. A running
service has both on record in the management plane's log, and tells of a stop (docs/guide/alerts.md).`,
    options: { ...hsmNameOption, ...dataOption },
    examples: ['strongroom instance stop dev'],
    async run({ data, 'hsm-name': named }) {
      const folder = instanceFolder(data, named);
      await replaceFile(folder.at.stopFlag, `${new Date().toISOString()}\n`);
      await applyStopFlag(folder, ({ instances }) => instances[folder.name]?.activation === 'Stopped');
      return `${folder.name} is stopped.\n`;
    },
  }),
  command({
    name: 'instance restart',
    summary: 'replace the processes of an instance by new ones, without a request that fails',
    ...aboutOne,
    details: `
For an upgrade: the new processes run the program as it lies on the disk now. New workers start beside those that serve; once all
of them serve, clients are led to them, and the others end each connection with its next answer, or after 75 seconds in which it
was not used. Then the recorder is replaced: answers wait for it. Where the new ones do not start, or are locked, everything stays as it was.
What is unlocked stays so. The supervisor and the management plane go on as they are: they are restarted with the service.`,
    options: { ...hsmNameOption, ...dataOption },
    examples: ['strongroom instance restart dev'],
    async run({ data, 'hsm-name': named }) {
      const folder = instanceFolder(data, named);
      const { name, at } = folder;
      if (existsSync(at.stopFlag)) {
        throw new CommandError(
          `'${name}' is stopped, so it has no processes to replace; start it with ` +
            `'${ownCommand(`instance start ${name}${targetOptions({ data })}`)}'`,
        );
      }
      await replaceFile(at.replaceFlag, '');
      try {
        let why: string | undefined;
        const state = await applyStopFlag(folder, () => {
          why = readIfThere(at.replaceFlag);
          return why !== '' && why !== UNDER_WAY;
        });
        if (state === undefined) return `${name} does not run: it starts with the program as it is then.\n`;
        if (why !== undefined) throw new CommandError(`'${name}' ${printable(why.trim())}`);
      } finally {
        rmSync(at.replaceFlag, { force: true });
      }
      return `${name} is served by new processes.\n`;
    },
  }),
  command({
    name: 'instance accept',
    summary: 'go on with a store and a log of which nothing tells that they are the newest',
    ...aboutOne,
    details: `
For an instance that is not started because the module's witnesses of the newest store and log are missing. Without them
nobody at this machine can tell whether older copies were put back, with a role or a key that was taken away since. First put
the module's folder back as it was, if that can be; else compare the log with a checkpoint kept elsewhere:
'strongroom audit verify --hsm-name NAME --checkpoint FILE'. What the last start found is accepted, nothing else and once:
the next start puts it on record, with the reason and the name of the operating system's user, before it serves. What
contradicts the evidence that is left is refused all the same.`,
    options: { 'reason TEXT': 'why, for the log', ...hsmNameOption, ...dataOption, ...jsonOption },
    examples: ['strongroom instance accept dev --reason "disk replaced, module folder restored without its witnesses"'],
    async run({ data, reason, 'hsm-name': named }) {
      const { at, name } = instanceFolder(data, named);
      const why = oneLine(reason ?? '', MAX_REASON);
      if (why === '') throw new UsageError('say why with --reason: it is put on record');
      const path = at.unwitnessed;
      const found = readMissingWitness(existsSync(path) ? readFileSync(path, 'utf8') : undefined);
      if (found === undefined) {
        throw new CommandError(
          `no start of '${name}' was refused because a witness is missing: there is nothing to accept`,
        );
      }
      const accepted = { reason: why, by: userInfo().username, at: new Date().toISOString() };
      await replaceFile(path, `${JSON.stringify({ ...found, accepted }, null, 2)}\n`);
      const { missing, store, log } = found;
      const rows = [
        ['missing', `witness of the newest ${missing.join(' and ')}`],
        ['store', `sequence ${store.sequence}, hash ${store.hash}`],
        ['log', `${log.size} entries, root ${log.root}`],
      ] as const;
      return {
        json: { ...found, accepted },
        text: labelled(rows, 15),
        hint:
          `'${name}' goes on with exactly these at its next start: within half a minute where it is being tried, or with ` +
          `'${ownCommand(`instance start ${name}${targetOptions({ data })}`)}'\n`,
      };
    },
  }),
];

const MAX_REASON = 500;
const PATIENCE_MS = 45_000;

/**
 * Tells a running supervisor that an operator's mark has changed, and waits until it has done what the mark says.
 * @returns the state in which it holds; undefined when nothing runs @throws CommandError when it takes too long
 */
async function applyStopFlag(
  { data, name, at }: InstanceFolder,
  holds: (state: RunningState) => boolean,
): Promise<RunningState | undefined> {
  const state = readRunningState(data);
  if (state === undefined) return undefined;
  if (existsSync(join(at.root, 'stopped'))) {
    throw new CommandError(`'${name}' was deleted at the resource manager: it is recovered there`);
  }
  process.kill(state.pids.supervisor, STOP_FLAGS_CHANGED);
  const late = `'${name}' has not got there within ${PATIENCE_MS / 1000} s; its logs are in ${join(data, 'logs')}`;
  return untilRunning(data, holds, PATIENCE_MS, late);
}
