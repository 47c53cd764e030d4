// The processes of one instance: its recorder, then its service workers, which share one port. Starts them in that
// order, stops them in the opposite one, and knows how the instance fares.
import { join } from 'node:path';
import { probePort } from '../deployment/free-port.ts';
import type { InstancePids } from '../deployment/running-state.ts';
import { DataLock, lockHolder } from '../files/data-lock.ts';
import { makePrivateFolder } from '../files/private-folder.ts';
import { instanceKey } from '../formats/front-proof.ts';
import { logOrigin } from '../formats/log-origin.ts';
import { type OwnRecoverability, readOwnRecoverability } from '../formats/own-recoverability.ts';
import type { InstanceStatus } from '../links/instance-host.ts';
import type { InstanceUpdate } from '../links/instance-update.ts';
import type { Link } from '../links/link.ts';
import {
  activation,
  frontToken,
  instanceUpdated,
  namesChanged,
  partitions,
  recoverability,
} from '../links/messages.ts';
import { LogFile } from './log-file.ts';
import { rememberedPort, rememberPort } from './remembered-port.ts';
import { newSocket, removeSockets } from './socket-folder.ts';
import { type ProcessOptions, SupervisedProcess } from './supervised-process.ts';

export interface InstancePlan {
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
  readonly report: ProcessOptions['report'];
  readonly show?: ProcessOptions['show'];
  /** Address, activation or pids are other than before. */
  changed(): void;
}

/** Longer than a worker needs to get ready: one that starts answers when it serves. */
const UPDATED_WITHIN_MS = 40_000;

export class InstanceProcesses implements AsyncDisposable {
  readonly #plan: InstancePlan;
  readonly #recorder: SupervisedProcess;
  readonly #workers: SupervisedProcess[] = [];
  readonly #logs: LogFile[] = [];
  /** Of all workers that run, also those that are not ready yet. */
  readonly #links = new Set<Link>();
  readonly #modulePids = new Map<number, readonly number[]>();
  #recorderSocket = '';
  #wanted = false;
  /** Until then its recorder is not even begun. */
  #begun: Promise<void> | undefined;
  /** Its files are ours alone while it runs. */
  #lock: DataLock | undefined;
  #port = 0;
  #activation: Pick<InstanceStatus, 'activation' | 'message'> = { activation: 'Unknown', message: '' };
  #recoverability: OwnRecoverability | undefined;

  constructor(plan: InstancePlan) {
    this.#plan = plan;
    makePrivateFolder(plan.logs);
    this.#recorder = new SupervisedProcess(
      this.#options('recorder', {
        program: () => ({
          entry: plan.entries.recorder,
          args: [
            ['--folder', plan.audit],
            ['--socket', this.#recorderSocket],
            ['--origin', logOrigin(plan.id)],
          ].flat(),
        }),
        ready: () => {
          if (this.#wanted) this.#workers[0]?.start();
          plan.changed();
        },
        down: () => plan.changed(),
      }),
    );
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
    for (const log of this.#logs) log[Symbol.dispose]();
  }

  get #run(): string {
    return join(this.#plan.root, 'run');
  }

  #worker(index: number): SupervisedProcess {
    const plan = this.#plan;
    return new SupervisedProcess(
      this.#options(`service-${index}`, {
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
          this.#modulePids.set(index, pidsIn(modulePids));
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
      }),
    );
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
    link.on(activation, ({ status, message }) => {
      if (status === 'Failed' && message !== this.#activation.message) {
        this.#plan.report(`instance '${this.#plan.name}' does not serve: ${message}`);
      }
      this.#activation = { activation: activationIn(status), message };
      this.#plan.changed();
    });
    link.on(recoverability, ({ own }) => {
      this.#recoverability = readOwnRecoverability(own, 'recoverability');
      this.#plan.changed();
    });
    link.on(partitions, ({ modulePids }) => {
      this.#modulePids.set(index, pidsIn(modulePids));
      this.#plan.changed();
    });
  }

  #options(role: string, own: Omit<ProcessOptions, 'label' | 'log' | 'report'>): ProcessOptions {
    const log = new LogFile(join(this.#plan.logs, `${this.#plan.name}-${role}.log`));
    this.#logs.push(log);
    const show = this.#plan.show;
    return {
      label: `${this.#plan.name}/${role}`,
      log,
      report: this.#plan.report,
      ...(show === undefined ? {} : { show }),
      ...own,
    };
  }
}

/** Another process has its files; nothing was started. */
export class InstanceInUse extends Error {
  override readonly name = 'InstanceInUse';
}

function takeLock({ name, root }: InstancePlan): DataLock {
  const lock = DataLock.take(root);
  if (lock !== undefined) return lock;
  const holder = lockHolder(root);
  throw new InstanceInUse(
    `'${name}' is in use${holder === undefined ? '' : ` by process ${holder}`}: is its seal being changed?`,
  );
}

function pidsIn(value: unknown): readonly number[] {
  if (!Array.isArray(value) || value.length > 1024) throw new Error('modulePids is not a list of pids');
  for (const pid of value) if (!Number.isInteger(pid) || pid < 1) throw new Error('modulePids is not a list of pids');
  return value as readonly number[];
}

function activationIn(status: string): InstanceStatus['activation'] {
  for (const known of ['NotActivated', 'Active', 'Locked', 'Unknown', 'Failed'] as const)
    if (status === known) return known;
  throw new Error('activation is not a known status');
}
