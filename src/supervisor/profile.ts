// What differs between the profiles, as far as the supervisor is concerned: where clients come to, what an instance's
// configuration says of its surroundings, whose certificates are used, and how the control process is started.
import type { InstancePaths } from '../deployment/data-layout.ts';
import type { InstanceConfig } from '../deployment/instance.ts';
import type { RunningState } from '../deployment/running-state.ts';
import type { RuntimeConfig } from '../deployment/runtime-config.ts';
import type { WatchConfig } from '../deployment/watch-config.ts';
import type { Program } from '../links/spawn-child.ts';

export interface Profile extends AsyncDisposable {
  readonly tenantId: string;
  /** The front's. */
  readonly port: number;
  /** What there is to be watched for. */
  readonly watch: WatchConfig;
  /** Resolves when the files are there that control reads once it has loaded. */
  readonly prepared: Promise<void>;
  /** @param log socket of the management plane's recorder */
  readonly controlProgram: (log: string) => Program;
  /** What a new instance is from its first start on. */
  made(): Pick<InstanceConfig, 'profile' | 'backupTargets'>;
  /** @param aliases lower case */
  surroundings(name: string, aliases: readonly string[]): RuntimeConfig;
  identity(config: Pick<InstanceConfig, 'backupIdentity'>): Pick<InstanceConfig, 'backupIdentity'>;
  ensureCertificate(name: string, places: InstancePaths, aliases: readonly string[]): Promise<unknown>;
  /** Why no instance can be reached under this name, its own or an alias. */
  refusal(name: string): string | undefined;
  /** Before the processes of an instance are started. */
  prepare(name: string, places: InstancePaths, config: InstanceConfig): Promise<void>;
  /** An instance was made or has changed. */
  heard(name: string): void;
  /** Resolves when what it writes for clients is written. */
  written(): Promise<void>;
  /** What the running file says of names. */
  describe(
    ports: ReadonlyMap<string, number>,
  ): Pick<RunningState, 'profile' | 'uris' | 'origins' | 'ca' | 'env' | 'envLocal'>;
}
