// The service workers of an instance that were started together: they share one port, and run the program as it was then. Of two
// generations the older one answers what it is asked, and leaves when its clients have.
import { instanceKey } from '../formats/front-proof.ts';
import type { OwnRecoverability } from '../formats/own-recoverability.ts';
import type { InstanceStatus } from '../links/instance-host.ts';
import {
  activation,
  condition,
  indexWanted,
  lead,
  partitions,
  recoverability,
  retire,
  type WorkerCondition,
} from '../links/instance-messages.ts';
import type { Link } from '../links/link.ts';
import { frontToken } from '../links/messages.ts';
import type { ProcessOptions, SupervisedProcess } from './supervised-process.ts';

/**
 * With hundreds of requests at work at once all of them outlive a collection where the young generation has its usual 16 MiB, and a
 * request costs a quarter more. It grows when it is needed, and takes no more with few connections. In MiB, of each of its halves.
 */
const YOUNG_GENERATION = '--max-semi-space-size=32';

/** It is begun together with its recorder, which has half of that, and waits for it. */
const READY_WITHIN_MS = 60_000;

export interface InstancePlan extends Pick<ProcessOptions, 'report' | 'show'> {
  readonly name: string;
  readonly id: string;
  /** The instance's folder, and that of its log. */
  readonly root: string;
  readonly audit: string;
  readonly logs: string;
  readonly workers: number;
  /** Module partitions of each worker. */
  readonly partitions: number;
  /** What the key is made of by which the workers know the front. */
  readonly frontToken: Uint8Array;
  readonly entries: { readonly service: string; readonly recorder: string };
  /** Somebody asks what the index of the log would tell. */
  readonly indexWanted: () => void;
  /** Address, activation or pids are other than before. */
  changed(): void;
}

export interface GenerationOptions {
  readonly plan: InstancePlan;
  /** No other that there still is has it, so that no two workers have one number. */
  readonly nth: number;
  readonly recorderSocket: () => string;
  /** For a worker that starts while no other of them listens. */
  readonly freePort: (port: number) => Promise<number>;
  readonly process: (role: string, own: Omit<ProcessOptions, 'label' | 'log' | 'report'>) => SupervisedProcess;
  /** Other generations of this instance are there. */
  readonly beside: () => boolean;
  /** Clients are led to it. */
  readonly leads: () => boolean;
  readonly listens: (port: number) => void;
  readonly changed: () => void;
}

/** Of a sentence for people. */
const MOST_MESSAGE = 4_000;
/** Longer than a worker needs to get ready: one that starts answers when it serves. */
const ANSWERED_WITHIN_MS = 40_000;
/** Its clients' idle connections have ended by then; longer than the time for which they are kept. */
const RETIRED_WITHIN_MS = 90_000;

export class WorkerGeneration implements AsyncDisposable {
  readonly #options: GenerationOptions;
  readonly #workers: SupervisedProcess[] = [];
  /** Of all workers that run, also those that are not ready yet. */
  readonly #links = new Set<Link>();
  readonly #modulePids = new Map<number, readonly number[]>();
  #wanted = false;
  #port = 0;
  /** Workers that have said that they do not serve. */
  readonly #shut = new Set<number>();
  #activation: Pick<InstanceStatus, 'activation' | 'message'> = { activation: 'Unknown', message: '' };
  #recoverability: OwnRecoverability | undefined;
  /** As each worker says it of itself, by its number. */
  readonly #conditions = new Map<number, WorkerCondition>();

  constructor(options: GenerationOptions) {
    this.#options = options;
    for (let worker = 0; worker < options.plan.workers; worker++) this.#workers.push(this.#worker(worker));
  }

  get status(): InstanceStatus {
    return { ...this.#activation, port: this.#workers.some((worker) => worker.isReady) ? this.#port : 0 };
  }

  get nth(): number {
    return this.#options.nth;
  }

  /** Some of them, though they listen, are locked or have failed. */
  get isShut(): boolean {
    return this.#shut.size > 0;
  }

  /** As it says itself; undefined: it has not been said. */
  get recoverability(): OwnRecoverability | undefined {
    return this.status.port === 0 || this.#activation.activation !== 'Active' ? undefined : this.#recoverability;
  }

  /** One worker that cannot put anything on record is one too many. */
  get condition() {
    const { plan } = this.#options;
    const told = [...this.#conditions.values()];
    const share = (ready: number, wanted: number) => ({ ready, wanted });
    return {
      storeRefused: told.some(({ storeRefused }) => storeRefused),
      recording: told.every(({ recording }) => recording),
      workers: share(this.#workers.filter((worker) => worker.answers).length, plan.workers),
      silent: this.#workers.filter((worker) => worker.isReady && !worker.answers).length,
      // A worker has no more than it is to have, whatever it says.
      modules: share(
        [...this.#modulePids.values()].reduce((sum, pids) => sum + Math.min(pids.length, plan.partitions), 0),
        plan.workers * plan.partitions,
      ),
    };
  }

  get pids(): { readonly service: readonly number[]; readonly module: readonly number[] } {
    return {
      service: this.#workers.map((worker) => worker.pid).filter((pid) => pid !== undefined),
      module: [...this.#modulePids.values()].flat(),
    };
  }

  /** @param port 0: any */
  start(port: number): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#port = port;
    this.#workers[0]?.start();
  }

  retry(): void {
    for (const worker of this.#workers) worker.retry();
  }

  /** Resolves when all of them serve. @throws DoesNotStart, naming the one that has failed too often */
  async whenReady(): Promise<void> {
    for (const worker of this.#workers) await worker.whenReady();
  }

  /** Every worker: whether it still does anything. */
  probe(): void {
    for (const worker of this.#workers) worker.probe();
  }

  /** Every worker. */
  tell(say: (link: Link) => void): void {
    for (const link of this.#links) say(link);
  }

  /** Every worker; one that does not answer with `done` is ended. */
  async ask(question: (link: Link) => Promise<unknown>, withinMs: number = ANSWERED_WITHIN_MS): Promise<void> {
    await Promise.all(
      [...this.#links].map(async (link) => {
        const timer = setTimeout(() => void link[Symbol.asyncDispose](), withinMs);
        try {
          await question(link);
        } catch {
          await link[Symbol.asyncDispose]();
        } finally {
          clearTimeout(timer);
        }
      }),
    );
  }

  /** Those that there are to be, with the links of those that run, whether they serve or not. */
  get workers(): readonly { readonly worker: number; readonly link: Link | undefined }[] {
    const { nth, plan } = this.#options;
    return this.#workers.map(({ link }, index) => ({ worker: nth * plan.workers + index, link }));
  }

  /** One of those that serve. @throws Error where there is none, and RequestFailed */
  async askOne<T>(question: (link: Link) => Promise<T>): Promise<T> {
    const link = this.#workers.find((worker) => worker.isReady)?.link;
    if (link === undefined || this.isShut) throw new Error('no worker serves');
    return await question(link);
  }

  /** Nobody is led to it any more: it ends when its last client has gone, and what ends before is not started again. */
  async retire(): Promise<void> {
    this.#wanted = false;
    for (const worker of this.#workers) worker.release();
    await this.ask((link) => link.request(retire, {}), RETIRED_WITHIN_MS);
    await this[Symbol.asyncDispose]();
  }

  async stop(): Promise<void> {
    this.#wanted = false;
    const stopped = this.#workers.map((worker) => worker.stop());
    this.#options.changed(); // nobody is led to its port any more
    await Promise.all(stopped);
    this.#modulePids.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    for (const worker of this.#workers) await worker[Symbol.asyncDispose]();
  }

  #worker(index: number): SupervisedProcess {
    const { plan, nth, recorderSocket, beside, process, listens, changed } = this.#options;
    return process(`service-${index}`, {
      readyWithinMs: READY_WITHIN_MS,
      program: async () => ({
        entry: plan.entries.service,
        flags: [YOUNG_GENERATION],
        args: [
          ['--instance', plan.root],
          ['--socket', recorderSocket()],
          ['--port', String(await this.#portForNextWorker())],
          ['--partitions', String(plan.partitions)],
          ['--worker', String(nth * plan.workers + index)],
          index === 0 ? ['--completes-log'] : [],
          beside() || this.#workers.some((worker) => worker.isReady) ? ['--beside'] : [],
        ].flat(),
      }),
      connected: (link) => this.#listen(index, link),
      ready: ({ port, modulePids }) => {
        this.#modulePids.set(index, modulePids);
        if (port !== this.#port) {
          this.#port = port;
          listens(port);
        }
        // The first worker chooses the port if none is known; the others have to know it.
        if (this.#wanted) for (const other of this.#workers) other.start();
        changed();
      },
      down: () => {
        this.#modulePids.delete(index);
        changed();
      },
      answersAgain: changed,
    });
  }

  /** While no worker listens, another program may have taken the port: then any other will do. */
  async #portForNextWorker(): Promise<number> {
    if (this.#port === 0 || this.#workers.some((worker) => worker.isReady)) return this.#port;
    return this.#options.freePort(this.#port);
  }

  #listen(index: number, link: Link): void {
    const { plan, leads, changed } = this.#options;
    this.#links.add(link);
    void link.closed.then(() => this.#links.delete(link));
    this.#conditions.delete(index);
    link.send(frontToken, { token: instanceKey(plan.frontToken, plan.name) });
    // One that ends meanwhile is told again when it comes again.
    if (leads()) link.request(lead, {}).catch(() => undefined);
    link.on(activation, (said) => {
      this.#shut[said.activation === 'Locked' || said.activation === 'Failed' ? 'add' : 'delete'](index);
      if (said.activation === 'Failed' && said.message !== this.#activation.message) {
        plan.report(`instance '${plan.name}' does not serve: ${said.message}`);
      }
      // Others are told it in one message, with more.
      this.#activation = { ...said, message: said.message.slice(0, MOST_MESSAGE) };
      changed();
    });
    link.on(recoverability, ({ own }) => {
      this.#recoverability = own;
      changed();
    });
    link.on(condition, ({ own }) => {
      this.#conditions.set(index, own);
      changed();
    });
    link.on(indexWanted, plan.indexWanted);
    link.on(partitions, ({ modulePids }) => {
      this.#modulePids.set(index, modulePids);
      changed();
    });
  }
}
