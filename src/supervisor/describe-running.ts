// What the supervisor tells of itself in the running and ready files.
import type { Aliases } from '../deployment/aliases.ts';
import type { Places } from '../deployment/data-layout.ts';
import type { RunningState } from '../deployment/running-state.ts';
import type { Instances } from './instances.ts';
import type { Profile } from './profile.ts';

export interface Running {
  readonly at: Places;
  readonly profile: Profile;
  /** Pid of control while it runs. */
  readonly control: number | undefined;
  /** Pid of the recorder of the management plane's log while it runs. */
  readonly managementRecorder: number | undefined;
  readonly instances: Instances;
  readonly aliases: Aliases;
  readonly refusedAliases: RunningState['refusedAliases'];
}

export function describeRunning({
  at,
  profile,
  control,
  managementRecorder,
  instances,
  aliases,
  refusedAliases,
}: Running): RunningState {
  const { statuses, pids } = instances;
  const ports = new Map([...statuses].map(([name, { port }]) => [name, port]));
  return {
    ...profile.describe(ports),
    pids: {
      supervisor: process.pid,
      control: control ?? null,
      managementRecorder: managementRecorder ?? null,
      instances: pids,
    },
    instances: Object.fromEntries(statuses),
    recoverability: instances.recoverability,
    aliases: Object.fromEntries(Object.entries(aliases).map(([alias, { instance }]) => [alias, instance])),
    refusedAliases,
    tenantId: profile.tenantId,
    dataRoot: at.root,
    port: profile.port,
  };
}
