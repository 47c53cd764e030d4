// What the supervisor tells of itself in the running and ready files.
import { instanceOrigin } from '../wire/name-form.ts';
import type { Aliases } from './config/aliases.ts';
import type { Places } from './config/data-layout.ts';
import { azureNames, localNames } from './config/name-forms.ts';
import type { RunningState } from './files/running-state.ts';
import type { Instances } from './supervision/instances.ts';

export interface Running {
  readonly at: Places;
  readonly port: number;
  readonly tenantId: string;
  /** Pid of control while it runs. */
  readonly control: number | undefined;
  readonly instances: Instances;
  readonly aliases: Aliases;
}

export function describeRunning({ at, port, tenantId, control, instances, aliases }: Running): RunningState {
  const [azure, local] = [azureNames(), localNames(port)];
  const { statuses, pids } = instances;
  const urisOf = (name: string, ownPort: number) => ({
    azure: instanceOrigin(azure, name.toLowerCase()),
    local: instanceOrigin(local, name.toLowerCase()),
    direct: `https://127.0.0.1:${ownPort}`,
  });
  return {
    uris: {
      arm: local.arm,
      login: local.login,
      graph: local.graph,
      proxy: `http://127.0.0.1:${port}`,
      instances: Object.fromEntries([...statuses].map(([name, status]) => [name, urisOf(name, status.port)])),
    },
    pids: { supervisor: process.pid, control: control ?? null, instances: pids },
    instances: Object.fromEntries(statuses),
    aliases: Object.fromEntries(Object.entries(aliases).map(([alias, { instance }]) => [alias, instance])),
    tenantId,
    ca: at.caCertificate,
    env: at.env,
    envLocal: at.envLocal,
    dataRoot: at.root,
    port,
  };
}
