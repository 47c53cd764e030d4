// What `status` says of the private listeners of an instance: where each is, and whether its connection lets anybody in. A
// listener whose connection has another name than any of the instance serves nobody, which nothing else would tell.
import { readInstanceConfig } from '../deployment/instance.ts';

/** @param config path of the instance's configuration @returns nothing for one that cannot be read: its start tells why */
export function privateWaysOf(config: string) {
  try {
    const { privateListeners = [], network } = readInstanceConfig(config);
    const known = new Map(
      (network?.privateEndpointConnections ?? []).map(({ name, status }) => [name.toLowerCase(), status] as const),
    );
    return privateListeners.map((each) => ({
      at:
        'socket' in each
          ? each.socket
          : `${each.address.includes(':') ? `[${each.address}]` : each.address}:${each.port}`,
      connection: each.connection,
      status: known.get(each.connection.toLowerCase()) ?? ('Unknown' as const),
    }));
  } catch {
    return [];
  }
}

export type PrivatePath = ReturnType<typeof privateWaysOf>[number];

/** Lines for people. */
export function privateWaysText(ways: readonly PrivatePath[]): string {
  return ways.map((way) => `  private ${way.at}: ${meaning(way)}\n`).join('');
}

function meaning({ connection, status }: PrivatePath): string {
  if (status === 'Approved') return `serves, by the connection ${connection}`;
  if (status === 'Unknown') {
    return `serves nobody: the instance has no private endpoint connection ${connection} (az keyvault private-endpoint-connection list)`;
  }
  return `serves nobody: the connection ${connection} is ${status}`;
}
