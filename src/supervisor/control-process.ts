// The control process and what it may ask: that instances be made, changed, stopped, started or purged. Its answers come from
// `Instances`; it is told when one changes.
import { join } from 'node:path';
import { syncFolder } from '../files/durable-file-sync.ts';
import {
  instanceChanged,
  provisionInstance,
  purgeInstance,
  startInstance,
  stopInstance,
  syncControl,
  updateInstance,
} from '../links/control-messages.ts';
import type { Link } from '../links/link.ts';
import { frontToken, STOPPING } from '../links/messages.ts';
import { answerPeerLookup } from '../links/peer-lookup-link.ts';
import { ProvisionRefused } from '../links/provision-request.ts';
import type { Instances } from './instances.ts';
import type { HostAct } from './record-host-act.ts';
import { DoesNotStart, type ProcessOptions, SupervisedProcess } from './supervised-process.ts';

export interface ControlOptions extends Pick<ProcessOptions, 'program' | 'report' | 'show'> {
  /** The folder of the control process. */
  readonly folder: string;
  readonly logs: string;
  readonly instances: Instances;
  /** Resolves when it is on record; until then it is not done. */
  readonly record: (act: HostAct) => Promise<void>;
  /** By which instances know control's front. Told when its files are there, which it waits for. */
  readonly frontToken: Promise<Uint8Array>;
  readonly changed: () => void;
}

export function controlProcess(options: ControlOptions): SupervisedProcess {
  const { program, report, show, instances, changed } = options;
  options.frontToken.catch(() => undefined); // then the start comes to nothing too
  const child = new SupervisedProcess({
    label: 'control',
    log: join(options.logs, 'control.log'),
    program,
    report,
    show,
    connected: (link) => {
      options.frontToken.then((token) => link.send(frontToken, { token })).catch(() => undefined);
      answer(link, options);
    },
    ready: () => {
      // Not earlier: until then it may not be listening for this.
      for (const [name, status] of instances.statuses) child.link?.send(instanceChanged, { name, ...status });
      changed();
    },
    down: changed,
    answersAgain: changed,
  });
  return child;
}

function answer(link: Link, options: ControlOptions): void {
  const { folder, instances, report } = options;
  const refusal = (error: unknown): { readonly code: string; readonly message: string } => {
    if (error instanceof ProvisionRefused) return error;
    if (instances.isStopping) return { code: STOPPING, message: 'the service stops' };
    report(`a request of control failed: ${error instanceof Error ? error.message : String(error)}`);
    return { code: 'Failed', message: whyFailed(error) };
  };
  link.answer(
    provisionInstance,
    ({ request: wanted }) =>
      recorded({ what: 'provision', instance: nameIn(wanted), wanted }, () => instances.provision(wanted), options),
    refusal,
  );
  link.answer(
    updateInstance,
    ({ name, update: wanted }) =>
      recorded({ what: 'update', instance: name, wanted }, () => instances.update(name, wanted), options),
    refusal,
  );
  for (const [question, what] of [
    [purgeInstance, 'purge'],
    [stopInstance, 'stop'],
    [startInstance, 'start'],
  ] as const) {
    const act = ({ name }: { readonly name: string }) =>
      recorded({ what, instance: name }, () => instances[what](name), options);
    link.answer(question, act, refusal);
  }
  link.answer(syncControl, () => syncFolder(folder), refusal);
  answerPeerLookup(link);
}

/** For callers of the management plane: which process it is and where to look, and nothing of what else went wrong. */
function whyFailed(error: unknown): string {
  if (!(error instanceof DoesNotStart)) return 'the instance could not be started; see the logs';
  return (
    `${error.message}. Why is in logs/${error.log} of the data directory and in './strongroom status' at the machine. ` +
    'It goes on being tried; what was asked for is kept and holds once it starts.'
  );
}

/** Before it is done, and once more when it was not; a stop of everything is no failure: it is asked for again. */
async function recorded(
  act: Omit<HostAct, 'failure'>,
  work: () => Promise<void>,
  { record, instances }: ControlOptions,
): Promise<void> {
  await record(act);
  try {
    await work();
  } catch (error) {
    if (!instances.isStopping)
      await record({ ...act, failure: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}

function nameIn(request: unknown): string {
  const { name } = (typeof request === 'object' && request !== null ? request : {}) as { readonly name?: unknown };
  return typeof name === 'string' ? name : '';
}
