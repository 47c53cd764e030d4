// What one service worker is started with.
import type { InstancePaths } from '../deployment/data-layout.ts';
import type { InstanceConfig } from '../deployment/instance.ts';
import type { OpenStorage } from '../features/backup/storage/port.ts';
import type { OwnRecoverability } from '../formats/own-recoverability.ts';
import type { LiveNames } from './live-configuration.ts';

export interface ServiceOptions {
  readonly config: InstanceConfig;
  /** Those of the configuration, and what becomes of them. */
  readonly names: LiveNames;
  readonly places: Pick<
    InstancePaths,
    'module' | 'store' | 'audit' | 'index' | 'tlsKey' | 'tlsCertificate' | 'backupTargetsFile' | 'unwitnessed'
  >;
  readonly recorderSocket: string;
  /** 0: any free port. */
  readonly port: number;
  /** Listens on this Unix socket instead. */
  readonly socketPath?: string;
  readonly partitions: number;
  /** By which the front is known that tells who a client is; absent: nobody may. */
  readonly frontToken?: () => Uint8Array | undefined;
  /** Why operations are refused for want of a witness of the log; absent: they are not. */
  readonly witnessed?: { readonly why: string | undefined };
  /** Several workers listen on one port. */
  readonly shared: boolean;
  /** One worker of an instance records heads that no entry names; others may see one that is about to be recorded. */
  readonly completesLog: boolean;
  /** Others serve while it starts: what they have committed they are about to record. */
  readonly beside?: boolean;
  /** Resolves when clients are led to this worker; absent: they are from the beginning. */
  readonly leads?: Promise<void>;
  /** Unix seconds; default: the system's. Tokens are checked against the system's, always. */
  readonly systemNow?: () => number;
  /** Opens the places of full backups; default: as the configuration allows. */
  readonly openStorage?: OpenStorage;
  /** What a sealed module needs to be unlocked; absent: only the file seal opens. */
  readonly lock?: LockOptions;
  readonly onPartitions: (pids: readonly number[]) => void;
  readonly onActivation: (status: 'NotActivated' | 'Active', message: string) => void;
  /** What it is to answer can be put on record again, or no more. */
  readonly onRecording?: (isRecording: boolean) => void;
  /** Somebody asks what the index of the log would tell. */
  readonly onIndexWanted?: () => void;
  /** Of the worker that completes the log, while it is active. */
  readonly onRecoverability?: (own: OwnRecoverability) => void;
}

export interface LockOptions {
  /** Where the workers of the instance find each other, and people find them. */
  readonly socketFolder: string;
  readonly worker: number;
  /** Listening on this port, it answers that it is locked. */
  readonly onLocked: (port: number, message: string, modulePids: readonly number[]) => void;
  /** The module was open and is locked again: nothing of this worker works any more. */
  readonly onRelocked: (error: Error) => void;
  /** The worker is to end. */
  readonly stopping: AbortSignal;
}
