// The indexer: keeps the indexes of all logs caught up, for whoever searches them or asks who uses a key. It runs from the moment on
// that somebody asks, and ends when nobody has for a while. SQLite does what the permission model does not see, so it has no network.
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Places } from '../deployment/data-layout.ts';
import { makePrivateFolder } from '../files/private-folder.ts';
import { entryOf } from '../links/entry.ts';
import type { Program } from '../links/spawn-child.ts';
import { confined } from './control-arguments.ts';
import { LogReader, resolvedPaths } from './log-reader.ts';
import type { ProcessOptions } from './supervised-process.ts';

export interface IndexerOptions extends Pick<ProcessOptions, 'report' | 'show'> {
  readonly places: Places;
  readonly logs: string;
  /** Instances that there are. */
  readonly names: () => readonly string[];
  readonly changed: () => void;
}

/** Longer than the turns in which a worker asks for as long as it guards its keys. */
const UNWANTED_AFTER_MS = 10 * 60_000;

export class IndexerProcess implements AsyncDisposable {
  readonly #options: IndexerOptions;
  readonly #process: LogReader;
  /** Until it ends, unless somebody asks; absent: it is not wanted. */
  #unwanted: NodeJS.Timeout | undefined;

  constructor(options: IndexerOptions) {
    this.#options = options;
    const { report, show, logs, changed, places } = options;
    this.#process = new LogReader({
      label: 'indexer',
      log: join(logs, 'indexer.log'),
      report,
      show,
      program: () => indexerProgram(places, options.names()),
      ready: changed,
      down: changed,
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Somebody asks what an index would tell. It is told when it changes that it is wanted, and is to be updated then. */
  want(): void {
    const isNew = this.#unwanted === undefined;
    clearTimeout(this.#unwanted);
    this.#unwanted = setTimeout(() => {
      this.#unwanted = undefined;
      void this.#process.end().then(this.#options.changed);
    }, UNWANTED_AFTER_MS).unref();
    if (isNew) this.#options.changed();
  }

  /** Instances have come, gone or changed, or it is wanted now. */
  update(): void {
    if (this.#unwanted !== undefined) this.#process.run(this.#options.names());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#unwanted);
    this.#unwanted = undefined;
    await this.#process[Symbol.asyncDispose]();
  }
}

/** @param names of the instances whose logs it reads */
export function indexerProgram(places: Places, names: readonly string[], entry: string = entryOf('indexer')): Program {
  makePrivateFolder(places.index);
  const folder = realpathSync(places.index);
  const logs = resolvedPaths([places.management.audit, ...names.map((name) => places.instance(name).audit)]);
  const args = ['--indexes', folder, ...logs.flatMap((log) => ['--log', log])];
  return confined({ entry, folder, reads: logs, args, has: 'databases' });
}
