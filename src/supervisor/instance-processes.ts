// The processes of one instance: its recorder, then its service workers, which share one port. Starts them in that
// order, stops them in the opposite one, and knows how the instance fares.
import { join } from 'node:path';
import { probePort } from '../deployment/free-port.ts';
import type { InstancePids } from '../deployment/running-state.ts';
import { lockHolder, takeDataLock } from '../files/data-lock.ts';
import { makePrivateFolder } from '../files/private-folder.ts';
import { instanceKey } from '../formats/front-proof.ts';
import { logOrigin } from '../formats/log-origin.ts';
import type { OwnRecoverability } from '../formats/own-recoverability.ts';
import type { InstanceStatus } from '../links/instance-host.ts';
import { activation, instanceUpdated, namesChanged, partitions, recoverability } from '../links/instance-messages.ts';
import type { InstanceUpdate } from '../links/instance-update.ts';
import type { Link } from '../links/link.ts';
import { frontToken } from '../links/messages.ts';
import { rememberedPort, rememberPort } from './remembered-port.ts';
import { newSocket, removeSockets } from './socket-folder.ts';
import { type ProcessOptions, SupervisedProcess } from './supervised-process.ts';

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
  /** Address, activation or pids are other than before. */
  changed(): void;
}

/** Longer than a worker needs to get ready: one that starts answers when it serves. */
const UPDATED_WITHIN_MS = 40_000;

export class InstanceProcesses implements AsyncDisposable {
  readonly #plan: InstancePlan;
  readonly #recorder: SupervisedProcess;
  readonly #workers: SupervisedProcess[] = [];
  /** Of all workers that run, also those that are not ready yet. */
  readonly #links = new Set<Link>();
  readonly #modulePids = new Map<number, readonly number[]>();
  #recorderSocket = '';
  #wanted = false;
  /** Until then its recorder is not even begun. */
  #begun: Promise<void> | undefined;
  /** Its files are ours alone while it runs. */
  #lock: Disposable | undefined;
  #port = 0;
  #activation: Pick<InstanceStatus, 'activation' | 'message'> = { activation: 'Unknown', message: '' };
  #recoverability: OwnRecoverability | undefined;

  constructor(plan: InstancePlan) {
    this.#plan = plan;
    makePrivateFolder(plan.logs);
    this.#recorder = this.#process('recorder', {
      program: () => ({
        entry: plan.entries.recorder,
        args: ['--folder', plan.audit, '--socket', this.#recorderSocket, '--origin', logOrigin(plan.id)],
      }),
      ready: () => {
        if (this.#wanted) this.#workers[0]?.start();
        plan.changed();
      },
      down: () => plan.changed(),
    });
    for (let worker = 0; worker < plan.workers; worker++) this.#workers.push(this.#worker(worker));
  }

  get name(): string {
    return this.#plan.name;
  }

  get status(): InstanceStatus {
    return { ...this.#activation, port: this.#workers.some((worker) => worker.isReady) ? this.#port : 0 };
  }

  /** As it says itself; undefined: it has not been said. */
  get recoverability(): OwnRecoverability | undefined {
    return this.status.port === 0 || this.#activation.activation !== 'Active' ? undefined : this.#recoverability;
  }

  get pids(): InstancePids {
    return {
      recorder: this.#recorder.pid ?? null,
      service: this.#workers.map((worker) => worker.pid).filter((pid) => pid !== undefined),
      module: [...this.#modulePids.values()].flat(),
    };
  }

  /**
   * Resolves when every worker goes by it; one that does not is ended, and starts again with the file. @throws DoesNotStart
   * when one of its processes does not come back: the file has the update, and no worker goes by anything older
   */
  async update(update: InstanceUpdate): Promise<void> {
    await this.#ask((link) => link.request(instanceUpdated, { update }));
    // Those that were ended serve again by what is in force now.
    if (this.#wanted) await this.whenReady();
  }

  /** Resolves when all workers serve. @throws DoesNotStart, naming the process that has failed too often */
  async whenReady(): Promise<void> {
    await this.#begun;
    await this.#recorder.whenReady();
    for (const worker of this.#workers) await worker.whenReady();
  }

  /**
   * Resolves when no worker answers under other names than its configuration file says; one that starts meanwhile reads
   * the file. What is unlocked stays so.
   */
  rename(): Promise<void> {
    return this.#ask((link) => link.request(namesChanged, {}));
  }

  /** Of every worker; one that does not answer with `done` is ended. */
  async #ask(question: (link: Link) => Promise<unknown>): Promise<void> {
    await Promise.all(
      [...this.#links].map(async (link) => {
        const timer = setTimeout(() => void link[Symbol.asyncDispose](), UPDATED_WITHIN_MS);
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

  /** Resolves when all workers serve. What fails goes on being tried even after this has rejected. */
  async start(): Promise<void> {
    this.#wanted = true;
    this.#lock = takeLock(this.#plan);
    this.#begun = this.#begin();
    await this.whenReady();
  }

  async #begin(): Promise<void> {
    this.#recorderSocket = await newSocket(this.#run);
    this.#port = await rememberedPort(this.#run);
    if (!this.#wanted) {
      removeSockets(this.#run); // the stop may have come before it was made
      throw new Error(`${this.name} was stopped`);
    }
    this.#recorder.start();
  }

  async stop(): Promise<void> {
    this.#wanted = false;
    const stopped = this.#workers.map((worker) => worker.stop());
    this.#plan.changed(); // nobody is led to its port any more
    await Promise.all(stopped);
    await this.#recorder.stop();
    this.#modulePids.clear();
    removeSockets(this.#run);
    this.#lock?.[Symbol.dispose]();
    this.#lock = undefined;
    this.#plan.changed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    for (const each of [this.#recorder, ...this.#workers]) await each[Symbol.asyncDispose]();
  }

  get #run(): string {
    return join(this.#plan.root, 'run');
  }

  #worker(index: number): SupervisedProcess {
    const plan = this.#plan;
    return this.#process(`service-${index}`, {
      program: async () => ({
        entry: plan.entries.service,
        args: [
          ['--instance', plan.root],
          ['--socket', this.#recorderSocket],
          ['--port', String(await this.#portForNextWorker())],
          ['--partitions', String(plan.partitions)],
          ['--worker', String(index)],
        ].flat(),
      }),
      connected: (link) => this.#listen(index, link),
      ready: ({ port, modulePids }) => {
        this.#modulePids.set(index, modulePids);
        if (port !== this.#port) {
          this.#port = port;
          rememberPort(this.#run, port).catch((error: unknown) => {
            plan.report(`the port of '${plan.name}' could not be written down: ${String(error)}`);
          });
        }
        // The first worker chooses the port if none is known; the others have to know it.
        if (this.#wanted) for (const other of this.#workers) other.start();
        plan.changed();
      },
      down: () => {
        this.#modulePids.delete(index);
        plan.changed();
      },
    });
  }

  /** While no worker listens, another program may have taken the port: then any other will do. */
  async #portForNextWorker(): Promise<number> {
    if (this.#port === 0 || this.#workers.some((worker) => worker.isReady)) return this.#port;
    return (await probePort(this.#port)) ?? 0;
  }

  #listen(index: number, link: Link): void {
    this.#links.add(link);
    void link.closed.then(() => this.#links.delete(link));
    link.send(frontToken, { token: instanceKey(this.#plan.frontToken, this.name) });
    link.on(activation, (said) => {
      if (said.activation === 'Failed' && said.message !== this.#activation.message) {
        this.#plan.report(`instance '${this.#plan.name}' does not serve: ${said.message}`);
      }
      this.#activation = said;
      this.#plan.changed();
    });
    link.on(recoverability, ({ own }) => {
      this.#recoverability = own;
      this.#plan.changed();
    });
    link.on(partitions, ({ modulePids }) => {
      this.#modulePids.set(index, modulePids);
      this.#plan.changed();
    });
  }

  #process(role: string, own: Omit<ProcessOptions, 'label' | 'log' | 'report'>): SupervisedProcess {
    const { name, logs, report, show } = this.#plan;
    return new SupervisedProcess({
      label: `${name}/${role}`,
      log: join(logs, `${name}-${role}.log`),
      report,
      show,
      ...own,
    });
  }
}

/** Another process has its files; nothing was started. */
export class InstanceInUse extends Error {
  override readonly name = 'InstanceInUse';
}

function takeLock({ name, root }: InstancePlan): Disposable {
  const lock = takeDataLock(root);
  if (lock !== undefined) return lock;
  const holder = lockHolder(root);
  throw new InstanceInUse(
    `'${name}' is in use${holder === undefined ? '' : ` by process ${holder}`}: is its seal being changed?`,
  );
}
