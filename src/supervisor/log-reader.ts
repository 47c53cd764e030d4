// A process of which its start settles whose logs it may read: where instances come or go, it is started again.
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Link } from '../links/link.ts';
import { type ProcessOptions, SupervisedProcess } from './supervised-process.ts';

export class LogReader implements AsyncDisposable {
  readonly #process: SupervisedProcess;
  /** Instances whose logs it may read, and files besides; undefined: it is not to run. */
  #reads: { readonly names: readonly string[]; readonly files: readonly string[] } | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: ProcessOptions) {
    this.#process = new SupervisedProcess(options);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get link(): Link | undefined {
    return this.#process.link;
  }

  reads(instance: string): boolean {
    return this.#reads?.names.includes(instance) === true;
  }

  /** It is to run, and to read the logs of these instances, and these files. @returns whether it is started for it */
  run(names: readonly string[], files: readonly string[] = []): boolean {
    const wanted = { names: names.toSorted(), files: files.toSorted() };
    if (JSON.stringify(wanted) === JSON.stringify(this.#reads)) return false;
    this.#reads = wanted;
    this.#turn = this.#turn.then(async () => {
      await this.#process.stop();
      // Ended meanwhile, it stays so.
      if (this.#reads !== undefined) this.#process.start();
    });
    return true;
  }

  end(): Promise<void> {
    this.#reads = undefined;
    this.#turn = this.#turn.then(() => this.#process.stop());
    return this.#turn;
  }

  /** Resolves when it serves, or does not for a reason that was reported. */
  async settled(): Promise<void> {
    await this.#turn;
    await this.#process.whenReady().catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await this.#process[Symbol.asyncDispose]();
  }
}

/** Those of them that are, or may come, where they really are. */
export function resolvedPaths(paths: readonly string[]): readonly string[] {
  return paths
    .filter((path) => existsSync(dirname(path)))
    .map((path) => (existsSync(path) ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path))));
}
