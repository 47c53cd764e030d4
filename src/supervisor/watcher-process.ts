// The watcher: reads the logs and tells others of them. It speaks to the network, so Node's permission model leaves it what it
// reads, logs and what the configuration names, and a folder of its own. It runs only while there is something to watch for.
import { existsSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Places } from '../deployment/data-layout.ts';
import { filesNamedIn, type WatchConfig } from '../deployment/watch-config.ts';
import { makePrivateFolder } from '../files/private-folder.ts';
import { entryOf } from '../links/entry.ts';
import type { Link } from '../links/link.ts';
import type { Program } from '../links/spawn-child.ts';
import type { WatchAct } from '../links/watch-act.ts';
import {
  HEARD_EVERY_MS,
  recordWatch,
  settings,
  type WatchedInstance,
  watched,
  witnessed,
} from '../links/watcher-messages.ts';
import { workerAsked } from '../links/worker-asked.ts';
import { confined } from './control-arguments.ts';
import type { Instances } from './instances.ts';
import { LogReader, resolvedPaths } from './log-reader.ts';
import type { ProcessOptions } from './supervised-process.ts';
import { WatcherLimits } from './watcher-limits.ts';

export interface WatcherOptions extends Pick<ProcessOptions, 'report' | 'show'> {
  readonly places: Places;
  readonly logs: string;
  readonly profile: 'dev' | 'production';
  readonly config: WatchConfig;
  /** Asks all processes whether they still do anything: the condition says which have not answered when they are asked again. */
  readonly probe: () => void;
  readonly condition: () => Parameters<typeof watched.encode>[0];
  /** Resolves when it is on record. */
  readonly record: (instance: string, act: WatchAct) => Promise<void>;
  readonly askWorker: Instances['askWorker'];
  /** A checkpoint that is said to be cosigned. */
  readonly cosigned: (instance: string, note: string) => void;
  readonly changed: () => void;
}

export class WatcherProcess implements AsyncDisposable {
  readonly #options: WatcherOptions;
  readonly #process: LogReader;
  readonly #limits = new WatcherLimits();
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(options: WatcherOptions) {
    this.#options = options;
    const { report, show, logs, changed } = options;
    this.#process = new LogReader({
      label: 'watcher',
      log: join(logs, 'watcher.log'),
      report,
      show,
      program: () => watcherProgram(options, { names: this.#instances, files: this.#files }),
      connected: (link) => this.#listen(link),
      ready: changed,
      down: changed,
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get #isWanted(): boolean {
    const { config, places } = this.#options;
    const isConfigured = Object.keys(config).length > 0 || this.#targets.length > 0;
    // What is left of sinks that were taken out is for it to forget.
    return isConfigured || existsSync(places.sinks);
  }

  /** Instances have come, gone or changed, or this is the first time. What it may read is settled when it starts. */
  update(): void {
    if (!this.#isWanted) return;
    this.#heartbeat ??= setInterval(() => setImmediate(() => this.#beat()), HEARD_EVERY_MS).unref();
    if (!this.#process.run(this.#instances, this.#files)) this.#tell(this.#process.link);
  }

  /** Resolves when it serves, or does not for a reason that was reported. */
  async settled(): Promise<void> {
    if (this.#isWanted) await this.#process.settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#heartbeat);
    await this.#process[Symbol.asyncDispose]();
  }

  #listen(link: Link): void {
    link.send(settings, { config: this.#options.config });
    const { cosigned, record, askWorker } = this.#options;
    link.on(witnessed, ({ instance, note }) => {
      if (!this.#process.reads(instance)) return;
      this.#limits.note(instance, note, (newest) => cosigned(instance, newest));
    });
    link.answer(recordWatch, ({ instance, act }) => {
      if (instance !== '' && !this.#process.reads(instance)) throw new Error('there is no such instance');
      this.#limits.takeAct(instance);
      return record(instance, act);
    });
    link.answer(workerAsked, ({ instance, at, asked }) =>
      this.#limits.question(`${instance}/${at}`, () => askWorker(instance, at, asked)),
    );
    this.#tell(link);
  }

  /** After all that has come was read: what is late here is no silence of others. */
  #beat(): void {
    this.#options.probe();
    this.#tell(this.#process.link);
  }

  #tell(link: Link | undefined): void {
    link?.send(watched, this.#options.condition());
  }

  get #instances(): string[] {
    return this.#options.condition().instances.map(({ name }) => name);
  }

  /** Where events may be sent to. */
  get #targets(): EventTargets {
    return this.#options.condition().instances.flatMap(({ eventTargets = [] }) => eventTargets);
  }

  get #files(): readonly string[] {
    return filesOf(this.#targets);
  }
}

/** What the configuration names is there since this process began, which reads it once; by the clock as it is now. */
function configuredAt(): string {
  return new Date(Date.now() - performance.now()).toISOString();
}

type EventTargets = NonNullable<WatchedInstance['eventTargets']>;

/** What instances name: a folder, or what Node takes for a pattern, would have the watcher read more than one file. */
export function filesOf(targets: EventTargets): readonly string[] {
  return [...new Set(filesNamedIn(targets))].filter((path) => !path.includes('*') && isFile(path));
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false; // it is not there, or not for us
  }
}

/** @param reads names of the instances whose logs it reads, and files besides that it may read */
export function watcherProgram(
  { places, profile, config }: Pick<WatcherOptions, 'places' | 'profile' | 'config'>,
  { names, files = [] }: { readonly names: readonly string[]; readonly files?: readonly string[] },
  entry = entryOf('watcher'),
): Program {
  makePrivateFolder(places.watch);
  makePrivateFolder(places.purged);
  const instances = names.map((name) => places.instance(name));
  const reads = [
    places.management.audit,
    places.management.verifierKey,
    places.controlCertificate,
    places.purged,
    ...instances.flatMap((each) => [each.audit, each.config, each.tlsCertificate]),
  ];
  const program = confined({
    entry,
    folder: realpathSync(places.watch),
    // What the configuration names stays as it is: where a link of it leads to may change.
    reads: [...resolvedPaths(reads), ...filesNamedIn(config), ...files],
    writes: config.sinks?.flatMap((sink) => (sink.kind === 'file' ? [sink.path] : [])) ?? [],
    args: ['--data', realpathSync(places.root), '--profile', profile, '--since', configuredAt()],
    has: 'network',
  });
  return { ...program, comesLast: true };
}
