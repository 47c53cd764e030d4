// `strongroom status`: what runs, as the supervisor sees it.

import { readResourcesFile } from '../../control/management/resources-file.ts';
import { places } from '../../deployment/data-layout.ts';
import type { RunningState } from '../../deployment/running-state.ts';
import { type Command, command, dataOption, jsonOption } from '../command.ts';
import { type PrivatePath, privateWaysOf, privateWaysText } from '../private-ways.ts';
import { isWell, type Recoverability, recoverabilityOf, recoverabilityText } from '../recoverability.ts';
import { dataRootOf, requireRunning } from '../running.ts';
import { messageHere } from '../same-place.ts';

const status = command({
  name: 'status',
  summary: 'show the running processes and instances',
  details: `
Of an active instance it also asks how many custodians may be lost (the margin) and what was rehearsed; of private
listeners it says whether their connections are approved. The exit code is 0 when every process and instance serves and
could be recovered. It is 1 when something is missing, stopped or locked, when an alias leads nowhere, when a rehearsal is
overdue or the newest has failed, in production when a margin is below 0 or not known too, and when nothing runs. Whom an instance
does not answer sees what it says of itself to this machine; where that is not known either, the exit code is 1.`,
  options: { ...dataOption, ...jsonOption },
  examples: ['strongroom status', 'strongroom status --json --data /tmp/second'],
  async run({ data }) {
    const state = requireRunning(dataRootOf(data));
    const { pids, instances, refusedAliases } = state;
    // What the resource manager has not made yet, could not make, or is deleting.
    const unsettled = (await readResourcesFile(places(state.dataRoot).control)).managedHsms
      .filter((hsm) => hsm.state !== 'Succeeded')
      .map(({ name, state: is, problem }) => ({ name, state: is, problem }));
    const recoverability: Record<string, Recoverability> = {};
    const privateListeners: Record<string, readonly PrivatePath[]> = {};
    for (const [name, { activation, port }] of Object.entries(instances)) {
      privateListeners[name] = privateWaysOf(places(state.dataRoot).instance(name).config);
      if (activation === 'Active' && port !== 0)
        recoverability[name] = await recoverabilityOf(state.dataRoot, name, state.recoverability?.[name]);
    }
    const text = [
      `data        ${state.dataRoot}\n`,
      `port        ${state.port} (${state.profile === 'dev' ? 'names and proxy' : 'all names'})\n`,
      `supervisor  ${pids.supervisor}\ncontrol     ${pids.control ?? 'not running'}\n`,
      state.health === undefined ? '' : `health      ${state.health}\n`,
      Object.keys(instances).length === 0 ? 'instances   none\n' : '',
      ...Object.keys(instances).map((name) =>
        instanceText(state, name, data, privateListeners[name] ?? [], recoverability[name]),
      ),
      ...Object.entries(refusedAliases).map(([alias, reason]) => `\n${alias}  leads nowhere: ${reason}\n`),
      ...unsettled.map(
        ({ name, state: is, problem }) =>
          `\n${name}  ${is} at the resource manager${problem === undefined ? '' : `: ${problem}`}\n`,
      ),
    ].join('');
    const isServing =
      pids.control !== null &&
      Object.values(instances).every(({ port, activation }) => port !== 0 && activation !== 'Locked') &&
      unsettled.length === 0 &&
      Object.keys(refusedAliases).length === 0;
    const isRecoverable = Object.values(recoverability).every((each) => isWell(each, state.profile === 'production'));
    return {
      json: { ...state, unsettled, privateListeners, ...byMember(recoverability) },
      text,
      exit: isServing && isRecoverable ? 0 : 1,
    };
  },
});

export const commands: readonly Command[] = [status];

function instanceText(
  { instances, origins, aliases, pids }: RunningState,
  name: string,
  data: string | undefined,
  ways: readonly PrivatePath[],
  shown: Recoverability | undefined,
): string {
  const { activation = '', message = '', port } = instances[name] ?? {};
  const why = messageHere(message, name, data);
  if (activation === 'Stopped') return `\n${name}  ${why}\n`;
  const further = Object.keys(aliases).filter((alias) => aliases[alias] === name);
  const { recorder, service = [], module = [] } = pids.instances[name] ?? {};
  const list = (of: readonly number[]): string => of.join(' ') || 'not running';
  return [
    `\n${name}  ${activation}${port === 0 ? ', not serving' : ''}\n`,
    // Why it does not serve, or what it waits for.
    activation === 'Active' ? '' : `  ${why}\n`,
    ...(origins[name] ?? []).map((origin) => `  ${origin}\n`),
    privateWaysText(ways),
    further.length === 0 ? '' : `  also as ${further.join(', ')}\n`,
    shown === undefined ? '' : recoverabilityText(shown, { 'hsm-name': name, data }),
    `  recorder ${recorder ?? 'not running'} · service ${list(service)} · module ${list(module)}\n`,
  ].join('');
}

function byMember(all: Readonly<Record<string, Recoverability>>): object {
  const of = (member: keyof Recoverability): object =>
    Object.fromEntries(Object.entries(all).map(([name, each]) => [name, each[member]]));
  return { custodians: of('custodians'), rehearsals: of('rehearsals') };
}
