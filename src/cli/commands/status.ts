// `strongroom status`: what runs, as the supervisor sees it.

import { readResourcesFile } from '../../control/management/resources-file.ts';
import { places } from '../../deployment/data-layout.ts';
import { printableJson } from '../../formats/printable.ts';
import { type Command, command, dataOption, jsonOption } from '../command.ts';
import { type PrivatePath, privateWaysOf, privateWaysText } from '../private-ways.ts';
import { isWell, type Recoverability, recoverabilityOf, recoverabilityText } from '../recoverability.ts';
import { dataRootOf, requireRunning } from '../running.ts';
import { messageHere } from '../same-place.ts';

const status = command({
  name: 'status',
  summary: 'show the running processes and instances',
  operands: '',
  details: `
Of an active instance it also asks how many custodians may be lost (the margin) and what was rehearsed; of private
listeners it says whether their connections are approved. The exit code is 0 when every process and instance serves and
could be recovered. It is 1 when something is missing, stopped or locked, when an alias leads nowhere, when a rehearsal is
overdue or the newest has failed, in production when a margin is below 0 or not known too, and when nothing runs. Whom an instance
does not answer sees what it says of itself to this machine; where that is not known either, the exit code is 1.`,
  options: { ...dataOption, ...jsonOption },
  examples: ['strongroom status', 'strongroom status --json --data /tmp/second'],
  async run({ data, json }, _operands, terminal) {
    const state = requireRunning(dataRootOf(data));
    const { pids, instances, origins, aliases, refusedAliases } = state;
    const names = Object.keys(instances);
    const unsettled = await unsettledIn(state.dataRoot);
    const recoverability: Record<string, Recoverability> = {};
    const privateListeners: Record<string, readonly PrivatePath[]> = {};
    for (const name of names) {
      privateListeners[name] = privateWaysOf(places(state.dataRoot).instance(name).config);
      const { activation, port } = instances[name] ?? {};
      if (activation === 'Active' && port !== 0)
        recoverability[name] = await recoverabilityOf(state.dataRoot, name, state.recoverability?.[name]);
    }
    if (json) terminal.out(printableJson({ ...state, unsettled, privateListeners, ...byMember(recoverability) }));
    else {
      terminal.out(`data        ${state.dataRoot}\n`);
      terminal.out(`port        ${state.port} (${state.profile === 'dev' ? 'names and proxy' : 'all names'})\n`);
      terminal.out(`supervisor  ${pids.supervisor}\ncontrol     ${pids.control ?? 'not running'}\n`);
      if (names.length === 0) terminal.out('instances   none\n');
      for (const name of names) {
        if (instances[name]?.activation === 'Stopped') {
          terminal.out(`\n${name}  ${messageHere(instances[name].message, name, data)}\n`);
          continue;
        }
        const own = pids.instances[name];
        terminal.out(
          `\n${name}  ${instances[name]?.activation}${instances[name]?.port === 0 ? ', not serving' : ''}\n`,
        );
        // Why it does not serve, or what it waits for.
        if (instances[name]?.activation !== 'Active') {
          terminal.out(`  ${messageHere(instances[name]?.message ?? '', name, data)}\n`);
        }
        for (const origin of origins[name] ?? []) terminal.out(`  ${origin}\n`);
        terminal.out(privateWaysText(privateListeners[name] ?? []));
        const further = Object.keys(aliases).filter((alias) => aliases[alias] === name);
        if (further.length > 0) terminal.out(`  also as ${further.join(', ')}\n`);
        const shown = recoverability[name];
        if (shown !== undefined) terminal.out(recoverabilityText(shown, { 'hsm-name': name, data }));
        terminal.out(
          `  recorder ${own?.recorder ?? 'not running'} · service ${list(own?.service)} · module ${list(own?.module)}\n`,
        );
      }
      for (const [alias, reason] of Object.entries(refusedAliases)) {
        terminal.out(`\n${alias}  leads nowhere: ${reason}\n`);
      }
      for (const { name, state: is, problem } of unsettled) {
        terminal.out(`\n${name}  ${is} at the resource manager${problem === undefined ? '' : `: ${problem}`}\n`);
      }
    }
    const serves = (name: string): boolean => instances[name]?.port !== 0 && instances[name]?.activation !== 'Locked';
    const isRefused = Object.keys(refusedAliases).length > 0;
    const isServing = pids.control !== null && names.every(serves) && unsettled.length === 0 && !isRefused;
    const isRecoverable = Object.values(recoverability).every((each) => isWell(each, state.profile === 'production'));
    return isServing && isRecoverable ? 0 : 1;
  },
});

export const commands: readonly Command[] = [status];

function byMember(all: Readonly<Record<string, Recoverability>>): object {
  const of = (member: keyof Recoverability): object =>
    Object.fromEntries(Object.entries(all).map(([name, each]) => [name, each[member]]));
  return { custodians: of('custodians'), rehearsals: of('rehearsals') };
}

function list(pids: readonly number[] | undefined): string {
  return pids === undefined || pids.length === 0 ? 'not running' : pids.join(' ');
}

interface Unsettled {
  readonly name: string;
  readonly state: string;
  readonly problem?: string | undefined;
}

/** What the resource manager has not made yet, could not make, or is deleting. */
async function unsettledIn(root: string): Promise<readonly Unsettled[]> {
  const { managedHsms } = await readResourcesFile(places(root).control);
  return managedHsms
    .filter(({ state }) => state !== 'Succeeded')
    .map(({ name, state, problem }) => ({ name, state, problem }));
}
