// The parts of an instance's configuration that the supervisor decides at each start anew, from the profile and its file.
import type { HostName, InstanceConfig } from './instance.ts';
import type { TrustedIssuer } from './trusted-issuers.ts';

/** What stands in a configuration file for all instances. A member that is here and undefined is taken out of an instance. */
type Settled =
  | 'privateListeners'
  | 'tls'
  | 'limits'
  | 'fileSeal'
  | 'passphraseFile'
  | 'eventTargets'
  | 'backupTargets'
  | 'stopWithoutWitness';

export type RuntimeConfig = {
  readonly hostNames: readonly HostName[];
  readonly issuers: readonly TrustedIssuer[];
  readonly separation?: 'azure' | 'strict';
} & { readonly [Member in Settled]?: InstanceConfig[Member] | undefined };

/** As it is to be written down. */
export function settled(config: InstanceConfig, ...decided: readonly object[]): InstanceConfig {
  const all = Object.assign({}, config, ...decided) as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined),
  ) as unknown as InstanceConfig;
}
