// What a running copy says about itself in files: `DATA/running.json` for the command line's other commands, and the same
// document where `--ready-file` asked for it. Replaced as a whole at every change, gone when nothing runs.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { lockHolder } from '../files/data-lock.ts';
import { replaceFile } from '../files/durable-file.ts';
import type { OwnRecoverability } from '../formats/own-recoverability.ts';

export interface InstancePids {
  readonly recorder: number | null;
  readonly service: readonly number[];
  readonly module: readonly number[];
}

export interface RunningState {
  readonly profile: 'dev' | 'production';
  /** Where clients reach each instance. */
  readonly origins: Readonly<Record<string, readonly string[]>>;
  readonly uris: {
    readonly arm: string;
    readonly login: string;
    readonly graph: string;
    /** The dev profile's alone. */
    readonly proxy?: string;
    /** The dev profile's alone: under Azure's name through the proxy, under the local one, and past the front. */
    readonly instances: Readonly<
      Record<string, { readonly azure: string; readonly local: string; readonly direct: string }>
    >;
  };
  readonly pids: {
    readonly supervisor: number;
    readonly control: number | null;
    /** Keeps the management plane's log. */
    readonly managementRecorder: number | null;
    /** Null also where nothing is to be told or asked. */
    readonly watcher: number | null;
    /** Null while nobody asks what indexes of logs tell. */
    readonly indexer: number | null;
    readonly instances: Readonly<Record<string, InstancePids>>;
  };
  readonly instances: Readonly<
    Record<string, { readonly activation: string; readonly message: string; readonly port: number }>
  >;
  /** Of active instances, as they say it themselves. */
  readonly recoverability?: Readonly<Record<string, OwnRecoverability>>;
  /** The instance that answers under each further name. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Why nobody answers under these further names, although they were set. */
  readonly refusedAliases: Readonly<Record<string, string>>;
  readonly tenantId: string;
  readonly ca: string;
  /** The dev profile's alone. */
  readonly env?: string;
  readonly envLocal?: string;
  readonly dataRoot: string;
  /** What `--config` named at the start. */
  readonly config?: string;
  readonly port: number;
  /** Where it can be asked how it fares; absent: nowhere. */
  readonly health?: string;
}

/** Writes the newest state, one write at a time; states overtaken while one is being written are skipped. */
export class RunningStateFiles implements AsyncDisposable {
  readonly #paths: string[];
  #next: RunningState | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;
  readonly #report: (text: string) => void;

  constructor(root: string, report: (text: string) => void) {
    this.#paths = [runningFile(root)];
    this.#report = report;
    rmSync(runningFile(root), { force: true });
  }

  /** Also writes to this file from now on. */
  add(path: string): void {
    this.#paths.push(path);
  }

  write(state: RunningState): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#next = state;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#writing;
    for (const path of this.#paths) rmSync(path, { force: true });
  }

  async #writeAll(): Promise<void> {
    while (this.#next !== undefined) {
      const content = `${JSON.stringify(this.#next, null, 2)}\n`;
      this.#next = undefined;
      for (const path of [...this.#paths]) {
        try {
          await replaceFile(path, content);
        } catch (error) {
          this.#report(`${path} could not be written: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    }
  }
}

/** @returns undefined when no copy runs in this data directory, or it does not serve yet */
export function readRunningState(root: string): RunningState | undefined {
  if (!existsSync(root) || lockHolder(root) === undefined) return undefined;
  try {
    return JSON.parse(readFileSync(runningFile(root), 'utf8')) as RunningState;
  } catch {
    return undefined; // it has just been started
  }
}

/** False: another user's data directory, of which nothing can be known. */
export function mayReadRunningState(root: string): boolean {
  try {
    readFileSync(runningFile(root));
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EACCES';
  }
}

function runningFile(root: string): string {
  return join(root, 'running.json');
}
