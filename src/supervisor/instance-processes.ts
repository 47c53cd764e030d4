// The processes of one instance: its recorder, then its service workers, which share one port. Starts them in that
// order, stops them in the opposite one, and knows how the instance fares.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { probePort } from '../deployment/free-port.ts';
import type { InstancePids } from '../deployment/running-state.ts';
import { lockHolder, takeDataLock } from '../files/data-lock.ts';
import { makePrivateFolder } from '../files/private-folder.ts';
import { logOrigin } from '../formats/log-origin.ts';
import type { OwnRecoverability } from '../formats/own-recoverability.ts';
import type { InstanceStatus } from '../links/instance-host.ts';
import { instanceUpdated, lead, logCosigned, namesChanged, recordAct } from '../links/instance-messages.ts';
import type { InstanceUpdate } from '../links/instance-update.ts';
import type { Link } from '../links/link.ts';
import { MAX_SUPERVISION_FRAME } from '../links/messages.ts';
import type { WatchAct } from '../links/watch-act.ts';
import type { WatchedInstance } from '../links/watcher-messages.ts';
import { type Asked, toldWhat, type WorkerTold } from '../links/worker-asked.ts';
import { rememberedPort, rememberPort } from './remembered-port.ts';
import { newSocket, removeSockets } from './socket-folder.ts';
import { type ProcessOptions, SupervisedProcess } from './supervised-process.ts';
import { type InstancePlan, WorkerGeneration } from './worker-generation.ts';

/** Whoever asks has a limit of seconds for all of them. */
const TOLD_WITHIN_MS = 2_000;

export class InstanceProcesses implements AsyncDisposable {
  readonly #plan: InstancePlan;
  readonly #recorder: SupervisedProcess;
  #recorderSocket = '';
  #wanted = false;
  /** Until then its recorder is not even begun. */
  #begun: Promise<void> | undefined;
  /** Its files are ours alone while it runs. */
  #lock: Disposable | undefined;
  /** The one that clients are led to; those that were before it, and one that starts. */
  #current: WorkerGeneration;
  readonly #besides = new Set<WorkerGeneration>();
  /** Where it listened when it ran last; 0: anywhere. */
  #firstPort = 0;

  constructor(plan: InstancePlan) {
    this.#plan = plan;
    makePrivateFolder(plan.logs);
    this.#recorder = this.#process('recorder', {
      program: () => ({
        entry: plan.entries.recorder,
        yields: true,
        args: ['--folder', plan.audit, '--socket', this.#recorderSocket, '--origin', logOrigin(plan.id)],
      }),
      ready: () => plan.changed(),
      down: () => plan.changed(),
      answersAgain: () => plan.changed(),
    });
    this.#current = this.#generation(0);
  }

  get name(): string {
    return this.#plan.name;
  }

  get status(): InstanceStatus {
    return this.#current.status;
  }

  get condition(): Omit<WatchedInstance, 'name'> {
    const { activation } = this.status;
    return { activation, ...this.#current.condition, recorder: this.#recorder.answers };
  }

  get recoverability(): OwnRecoverability | undefined {
    return this.#current.recoverability;
  }

  get pids(): InstancePids {
    const all = [this.#current, ...this.#besides].map(({ pids }) => pids);
    return {
      recorder: this.#recorder.pid ?? null,
      service: all.flatMap(({ service }) => service),
      module: all.flatMap(({ module }) => module),
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
    // A stop ends the workers first.
    if (!this.#wanted) throw new Error(`${this.name} was stopped`);
    await this.#current.whenReady();
  }

  /**
   * Resolves when no worker answers under other names than its configuration file says; one that starts meanwhile reads
   * the file. What is unlocked stays so.
   */
  rename(): Promise<void> {
    return this.#ask((link) => link.request(namesChanged, {}));
  }

  /** Whether its processes still do anything: its condition says so when this is called again. */
  probe(): void {
    for (const each of [this.#recorder, this.#current]) each.probe();
  }

  /** A checkpoint that is said to be cosigned by a witness: the workers look for themselves. */
  cosigned(note: string): void {
    for (const each of [this.#current, ...this.#besides]) each.tell((link) => link.send(logCosigned, { note }));
  }

  /** @throws RequestFailed */
  recordAct(act: WatchAct): Promise<void> {
    return this.#current.askOne((link) => link.request(recordAct, { act }));
  }

  /** One of the workers, of all generations: what it does not tell soon, or is too much, is left out. Nobody is ended for that. */
  async askWorker(at: number, asked: Asked): Promise<WorkerTold> {
    const workers = [this.#current, ...this.#besides].flatMap((each) => each.workers);
    const { worker = at, link } = workers[at] ?? {};
    const telling = link?.request(toldWhat, { asked }).catch(() => undefined);
    const told = await Promise.race([telling, delay(TOLD_WITHIN_MS, undefined, { ref: false })]);
    return { worker, workers: workers.length, ...(hasRoom(told) ? { told } : {}) };
  }

  async #ask(question: (link: Link) => Promise<unknown>): Promise<void> {
    await Promise.all([this.#current, ...this.#besides].map((each) => each.ask(question)));
  }

  /**
   * Starts everything anew with the program as it lies on the disk now, while requests are answered all the time: resolves when
   * clients are led to the new workers. Those before answer what they are asked until their clients have gone.
   * @param led called when they are; what is thrown before that has changed nothing @throws DoesNotStart, and Error when the new ones
   * do not serve as those before do
   */
  async replace(led: () => void = () => {}): Promise<void> {
    for (const each of [this.#recorder, this.#current]) each.retry();
    await this.whenReady();
    const before = this.#current;
    const taken = new Set([before, ...this.#besides].map(({ nth }) => nth));
    let nth = 0;
    while (taken.has(nth)) nth += 1;
    const next = this.#generation(nth);
    this.#besides.add(next);
    try {
      next.start(0);
      await next.whenReady();
      if (next.isShut && !before.isShut) throw new Error(`the new ones do not serve: ${next.status.message}`);
    } catch (error) {
      await next[Symbol.asyncDispose]();
      throw error;
    } finally {
      this.#besides.delete(next);
    }
    this.#current = next;
    this.#besides.add(before);
    rememberPort(this.#run, next.status.port).catch((error: unknown) => this.#portForgotten(error));
    this.#plan.changed();
    led();
    await next.ask((link) => link.request(lead, {}));
    void before.retire().then(() => {
      this.#besides.delete(before);
      this.#plan.changed();
    });
    // What is to be recorded meanwhile waits, and is sent again to the one that comes.
    await this.#recorder.stop();
    if (!this.#wanted) throw new Error(`${this.name} was stopped`);
    this.#recorder.start();
    await this.#recorder.whenReady();
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
    this.#firstPort = await rememberedPort(this.#run);
    if (!this.#wanted) {
      removeSockets(this.#run); // the stop may have come before it was made
      throw new Error(`${this.name} was stopped`);
    }
    this.#recorder.start();
    // They load meanwhile, and wait for it.
    this.#current.start(this.#firstPort);
  }

  async stop(): Promise<void> {
    this.#wanted = false;
    await Promise.all([this.#current, ...this.#besides].map((each) => each.stop()));
    await this.#recorder.stop();
    removeSockets(this.#run);
    this.#lock?.[Symbol.dispose]();
    this.#lock = undefined;
    this.#plan.changed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    for (const each of [this.#recorder, this.#current]) await each[Symbol.asyncDispose]();
  }

  get #run(): string {
    return join(this.#plan.root, 'run');
  }

  #generation(nth: number): WorkerGeneration {
    const generation: WorkerGeneration = new WorkerGeneration({
      plan: this.#plan,
      nth,
      recorderSocket: () => this.#recorderSocket,
      freePort: async (port) => (await probePort(port)) ?? 0,
      process: (role, own) => this.#process(role, own),
      beside: () => this.#besides.size > 0,
      leads: () => generation === this.#current,
      listens: (port) => {
        if (generation === this.#current)
          rememberPort(this.#run, port).catch((error: unknown) => this.#portForgotten(error));
      },
      changed: () => this.#plan.changed(),
    });
    return generation;
  }

  #portForgotten(error: unknown): void {
    this.#plan.report(`the port of '${this.name}' could not be written down: ${String(error)}`);
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

/** Written again, numbers may take several times the room that they had, and what is nested may not be written at all. */
function hasRoom(told: unknown): boolean {
  try {
    return told !== undefined && Buffer.byteLength(JSON.stringify(told)) <= MAX_SUPERVISION_FRAME - 1_024;
  } catch {
    return false;
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
