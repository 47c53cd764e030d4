// The control process and what it may ask: that instances be made, changed, stopped, started or purged. Its answers come from
// `Instances`; it is told when one changes.
import { join } from 'node:path';
import { syncFolder } from '../files/durable-file-sync.ts';
import type { InstanceStatus } from '../links/instance-host.ts';
import type { Link } from '../links/link.ts';
import {
  done,
  failed,
  frontToken,
  instanceChanged,
  provisionInstance,
  purgeInstance,
  STOPPING,
  startInstance,
  stopInstance,
  syncControl,
  updateInstance,
} from '../links/messages.ts';
import { answerPeerLookup } from '../links/peer-lookup-link.ts';
import { ProvisionRefused } from '../links/provision-request.ts';
import type { Instances } from './instances.ts';
import { LogFile } from './log-file.ts';
import { DoesNotStart, type ProcessOptions, SupervisedProcess } from './supervised-process.ts';

/** Something that control has done to an instance. */
export interface HostAct {
  readonly what: 'provision' | 'update' | 'purge' | 'stop' | 'start';
  /** As control says it; there may be none of the name. */
  readonly instance: string;
  readonly wanted?: unknown;
  /** Why it was not done; absent: it is about to be. */
  readonly failure?: string;
}

export interface ControlOptions {
  readonly program: ProcessOptions['program'];
  /** The folder of the control process. */
  readonly folder: string;
  readonly logs: string;
  readonly report: ProcessOptions['report'];
  readonly show?: ProcessOptions['show'];
  readonly instances: Instances;
  /** Resolves when it is on record; until then it is not done. */
  readonly record: (act: HostAct) => Promise<void>;
  /** By which instances know control's front. */
  readonly frontToken: Uint8Array;
  changed(): void;
}

export function controlProcess(options: ControlOptions): SupervisedProcess {
  const { show } = options;
  const child = new SupervisedProcess({
    label: 'control',
    log: new LogFile(join(options.logs, 'control.log')),
    program: options.program,
    report: options.report,
    ...(show === undefined ? {} : { show }),
    connected: (link) => {
      link.send(frontToken, { token: options.frontToken });
      answer(link, options);
    },
    ready: () => {
      // Not earlier: until then it may not be listening for this.
      for (const [name, status] of options.instances.statuses) sendInstanceChanged(child.link, name, status);
      options.changed();
    },
    down: () => options.changed(),
  });
  return child;
}

export function sendInstanceChanged(link: Link | undefined, name: string, status: InstanceStatus): void {
  link?.send(instanceChanged, { name, ...status });
}

function answer(link: Link, options: ControlOptions): void {
  const { folder, instances, report } = options;
  const settle = (id: number, work: Promise<void>): void => {
    work.then(
      () => link.send(done, {}, id),
      (error: unknown) => {
        if (error instanceof ProvisionRefused) {
          link.send(failed, { code: error.code, message: error.message }, id);
          return;
        }
        if (instances.isStopping) {
          link.send(failed, { code: STOPPING, message: 'the service stops' }, id);
          return;
        }
        report(`a request of control failed: ${error instanceof Error ? error.message : String(error)}`);
        link.send(failed, { code: 'Failed', message: whyFailed(error) }, id);
      },
    );
  };
  const act = (id: number, what: Omit<HostAct, 'failure'>, work: () => Promise<void>): void =>
    settle(id, recorded(what, work, options));
  link.on(provisionInstance, ({ request }, id) =>
    act(id, { what: 'provision', instance: nameIn(request), wanted: request }, () => instances.provision(request)),
  );
  link.on(updateInstance, ({ name, update }, id) =>
    act(id, { what: 'update', instance: name, wanted: update }, () => instances.update(name, update)),
  );
  link.on(purgeInstance, ({ name }, id) => act(id, { what: 'purge', instance: name }, () => instances.purge(name)));
  link.on(stopInstance, ({ name }, id) => act(id, { what: 'stop', instance: name }, () => instances.stop(name)));
  link.on(startInstance, ({ name }, id) => act(id, { what: 'start', instance: name }, () => instances.start(name)));
  link.on(syncControl, (_values, id) => settle(id, Promise.try(syncFolder, folder)));
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
