// Whether the public port can be had.

import { probePort } from '../free-port.ts';
import type { ProductionConfig } from '../production-config.ts';
import { ConfigError } from '../start-config.ts';

/** @throws ConfigError */
export async function takePort(listen: ProductionConfig['listen']): Promise<void> {
  if (await isPortFree(listen)) return;
  const { address, port } = listen;
  throw new ConfigError(`listen: ${address} port ${port} is in use by another program: set another "listen.port"`);
}

/** @throws ConfigError when it cannot be used at all */
export async function isPortFree({ address, port }: ProductionConfig['listen']): Promise<boolean> {
  try {
    return (await probePort(port, address)) !== undefined;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const advice =
      code === 'EACCES'
        ? 'ports below 1024 need CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE)'
        : 'set "listen.address" to an address of this machine, or 0.0.0.0 or ::';
    throw new ConfigError(`listen: ${address} port ${port} cannot be used (${code}): ${advice}`, { cause });
  }
}
