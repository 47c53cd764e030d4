// All instances of a data directory: those found on disk are started, new ones are made, and each can be changed, stopped,
// started, and purged once it is stopped. An instance exists once its `instance.json` does.
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { InstancePaths, Places } from '../deployment/data-layout.ts';
import type { InstanceConfig } from '../deployment/instance.ts';
import { readInstanceConfig } from '../deployment/instance.ts';
import type { InstancePids } from '../deployment/running-state.ts';
import { settled } from '../deployment/runtime-config.ts';
import { stoppedMessage, UNDER_WAY } from '../deployment/stop-flag.ts';
import { replaceFile } from '../files/durable-file.ts';
import { makePrivateFolder } from '../files/private-folder.ts';
import { readIfThere } from '../files/read-if-there.ts';
import type { OwnRecoverability } from '../formats/own-recoverability.ts';
import { matching, record } from '../formats/shape.ts';
import type { InstanceStatus } from '../links/instance-host.ts';
import { type InstanceUpdate, readInstanceUpdate } from '../links/instance-update.ts';
import {
  asRefusal,
  ProvisionRefused,
  type ProvisionRequest,
  readProvisionRequest,
} from '../links/provision-request.ts';
import type { WatchAct } from '../links/watch-act.ts';
import type { WatchedInstance } from '../links/watcher-messages.ts';
import type { WorkerTold } from '../links/worker-asked.ts';
import type { AliasTable } from './alias-table.ts';
import { InstanceInUse, InstanceProcesses } from './instance-processes.ts';
import type { Profile } from './profile.ts';
import { isBeingPurged, purgeInstance, resumePurges } from './purge/purge-instance.ts';
import type { HostAct } from './record-host-act.ts';
import type { InstancePlan } from './worker-generation.ts';

export interface InstancesOptions {
  readonly places: Places;
  readonly plan: Omit<InstancePlan, 'name' | 'id' | 'root' | 'audit' | 'changed'>;
  readonly profile: Pick<
    Profile,
    'tenantId' | 'made' | 'surroundings' | 'identity' | 'ensureCertificate' | 'refusal' | 'prepare'
  >;
  readonly aliases: Pick<AliasTable, 'of' | 'owner'>;
  /** Milliseconds since 1970; default: the system's. */
  readonly now?: () => number;
  /** Puts what an operator does on record. @throws when it cannot */
  readonly record: (act: HostAct) => Promise<void>;
  changed(name: string, status: InstanceStatus): void;
}

const MOST_INSTANCES = 100;

export class Instances implements AsyncDisposable {
  readonly #options: InstancesOptions;
  readonly #running = new Map<string, InstanceProcesses>();
  /** Of each that was started: what its processes write into its file meanwhile does not count. */
  readonly #eventTargets = new Map<string, WatchedInstance['eventTargets']>();
  /** Stopped by an operator: they are there, and only the operator starts them. */
  readonly #held = new Set<string>();
  /** Requests about one instance take turns. */
  #turn: Promise<unknown> = Promise.resolve();
  #isStopping = false;
  /** Stopped by an operator just now, and not held yet: whoever reads its log goes on. */
  #ending: string | undefined;
  /** Held, and an operator's wish that they start is on record: it is tried more than once. */
  readonly #startRecorded = new Set<string>();

  constructor(options: InstancesOptions) {
    this.#options = options;
  }

  /** Starts what the data directory holds, except what was stopped on purpose. Resolves with those that did not start. */
  async startAll(): Promise<readonly { readonly name: string; readonly reason: unknown }[]> {
    resumePurges({ places: this.#options.places, now: this.#now });
    const names = this.#names().filter((name) => !existsSync(this.#stoppedMark(name)));
    const results = await Promise.allSettled(names.map((name) => this.#run(name)));
    return results.flatMap((result, index) =>
      result.status === 'rejected' ? [{ name: names[index] ?? '', reason: result.reason as unknown }] : [],
    );
  }

  /**
   * Makes an instance and starts it; resolves when it serves. The same request again finds it made; one that was stopped is
   * started by that. @throws ProvisionRefused
   */
  provision(untrusted: unknown): Promise<void> {
    return this.#inTurn(async () => {
      const request = readProvisionRequest(untrusted, this.#options.profile.tenantId);
      const { network, purgeProtection } = request;
      if (this.#isThere(request)) {
        await this.#change(request.name, { network, ...(purgeProtection ? { purgeProtection } : {}) });
      } else await this.#make(request);
      await this.#start(request.name);
    });
  }

  /** Resolves when every worker goes by it. @throws ProvisionRefused */
  update(name: string, untrusted: unknown): Promise<void> {
    return this.#inTurn(async () => {
      this.#requireExisting(name);
      await this.#change(
        name,
        asRefusal(() => readInstanceUpdate(untrusted)),
      );
    });
  }

  /**
   * Destroys a stopped instance. Whether its purge protection still holds is judged here, by what the supervisor itself has
   * written down and by its own clock: nobody's word counts. @throws ProvisionRefused
   */
  purge(name: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#requireExisting(name);
      if (!existsSync(this.#stoppedMark(name)) || this.#running.has(name)) {
        throw new ProvisionRefused('BadRequest', `'${name}' is not deleted`);
      }
      const { places } = this.#options;
      const {
        id,
        resourceId,
        purgeProtection,
        softDeleteRetentionInDays,
        diagnostics = [],
      } = readInstanceConfig(places.instance(name).config);
      const deletedAt = this.#stoppedAt(name);
      const ends = deletedAt + softDeleteRetentionInDays * DAY_MS;
      const ended = this.#now() >= ends;
      if (purgeProtection && !ended) {
        const until = new Date(ends).toISOString();
        throw new ProvisionRefused(
          'PurgeProtected',
          `'${name}' has purge protection; it can be purged from ${until} on`,
        );
      }
      await purgeInstance(
        {
          name,
          instanceId: id,
          resourceId,
          deletedAt: new Date(deletedAt).toISOString(),
          reason: ended ? 'retention ended' : 'requested',
          diagnostics,
        },
        { places, now: this.#now },
      );
    });
  }

  stop(name: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#requireExisting(name);
      // The time of the first stop counts, but a mark beside one that runs is that of a stop which failed.
      if (this.#running.has(name) || !existsSync(this.#stoppedMark(name))) {
        const stoppedAt = new Date(this.#now()).toISOString();
        await replaceFile(this.#stoppedMark(name), `${JSON.stringify({ stoppedAt })}\n`);
      }
      this.#held.delete(name);
      await this.#end(name);
    });
  }

  start(name: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#requireExisting(name);
      await this.#start(name);
    });
  }

  /** An operator has set or taken away marks: what has that of a stop stops, what has it no more starts. */
  applyStopFlags(): Promise<void> {
    return this.#inTurn(async () => {
      // One that cannot be started keeps nobody from stopping another.
      const failures: unknown[] = [];
      for (const name of this.#names())
        await this.#applyFlags(name).catch((error: unknown) => void failures.push(error));
      if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('; '));
    });
  }

  async #applyFlags(name: string): Promise<void> {
    if (existsSync(this.#stoppedMark(name))) return;
    const { stopFlag, replaceFlag } = this.#options.places.instance(name);
    const isStopped = existsSync(stopFlag);
    const isNews = isStopped ? this.#running.has(name) : this.#held.has(name) && !this.#startRecorded.has(name);
    if (isNews) await this.#recordOperator(name, isStopped);
    if (isStopped) {
      this.#startRecorded.delete(name);
      this.#ending = name;
      await this.#end(name).finally(() => {
        this.#held.add(name);
        this.#ending = undefined;
      });
    } else if (isNews) this.#startRecorded.add(name);
    await this.#run(name);
    if (readIfThere(replaceFlag) === '') await this.#replace(name, replaceFlag);
  }

  /** Whoever has the machine can stop its processes anyway: a log that cannot be written keeps nobody from it. */
  async #recordOperator(instance: string, isStopped: boolean): Promise<void> {
    const what = isStopped ? 'stop' : 'start';
    await this.#options.record({ what, instance, by: 'operator' }).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      this.#options.plan.report(`that an operator wants ${instance} to ${what} is not on record: ${why}`);
    });
  }

  async #replace(name: string, flag: string): Promise<void> {
    // It is asked for once, whatever becomes of this.
    await replaceFile(flag, UNDER_WAY);
    let fares = 'goes on with the processes that it had';
    try {
      await this.#running.get(name)?.replace(() => {
        fares = 'is served by new workers, but its recorder does not come back, and goes on being tried';
      });
      rmSync(flag, { force: true });
    } catch (error) {
      await replaceFile(flag, `${fares}: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }

  /** Those of them that run answer under their present names when this resolves; nothing is restarted for it. */
  renew(names: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      for (const name of names) {
        const instance = this.#running.get(name);
        if (instance === undefined) continue;
        await this.#refresh(name, this.#options.places.instance(name));
        await instance.rename();
      }
    });
  }

  /** One that does not run finds it where the watcher keeps it. */
  cosigned(name: string, note: string): void {
    this.#running.get(name)?.cosigned(note);
  }

  /** Resolves when it is in the log of the instance. @throws Error where none of its workers can put it there */
  async recordAct(name: string, act: WatchAct): Promise<void> {
    const instance = this.#running.get(name);
    if (instance === undefined) throw new Error(`${name} does not run`);
    await instance.recordAct(act);
  }

  /** @throws Error where the instance does not run */
  async askWorker(name: string, ...asked: Parameters<InstanceProcesses['askWorker']>): Promise<WorkerTold> {
    const instance = this.#running.get(name);
    if (instance === undefined) throw new Error(`${name} does not run`);
    return await instance.askWorker(...asked);
  }

  get pids(): Readonly<Record<string, InstancePids>> {
    return Object.fromEntries([...this.#running].map(([name, instance]) => [name, instance.pids]));
  }

  get recoverability(): Readonly<Record<string, OwnRecoverability>> {
    return Object.fromEntries(
      [...this.#running].flatMap(([name, { recoverability: own }]) => (own === undefined ? [] : [[name, own]])),
    );
  }

  get statuses(): ReadonlyMap<string, InstanceStatus> {
    const running = [...this.#running].map(([name, { status }]) => [name, status] as const);
    return new Map([...running, ...[...this.#held].map((name) => [name, stoppedStatus(name)] as const)]);
  }

  /** Whether their processes still do anything: the conditions say so when this is called again. */
  probe(): void {
    for (const instance of this.#running.values()) instance.probe();
  }

  /** As the watcher is told it. */
  get conditions(): readonly WatchedInstance[] {
    const none = { ready: 0, wanted: 0 };
    const stopped = { storeRefused: false, workers: none, silent: 0, modules: none, recorder: false, recording: false };
    const ending = this.#ending === undefined ? [] : [[this.#ending, stoppedStatus(this.#ending)] as const];
    return [...new Map([...ending, ...this.statuses])].map(([name, { activation }]) => {
      const eventTargets = this.#eventTargets.get(name);
      const condition = this.#running.get(name)?.condition ?? { activation, ...stopped };
      return { name, ...condition, ...(eventTargets === undefined ? {} : { eventTargets }) };
    });
  }

  /** From the moment on that everything is to stop: what fails from then on may be for that reason only. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    await Promise.all([...this.#running.values()].map((instance) => instance[Symbol.asyncDispose]()));
    this.#running.clear();
  }

  async #end(name: string): Promise<void> {
    const instance = this.#running.get(name);
    this.#running.delete(name);
    await instance?.[Symbol.asyncDispose]();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {}); // told to whoever asked
    return result;
  }

  /** Whichever way it serves again, its retention does not run on. */
  async #start(name: string): Promise<void> {
    rmSync(this.#stoppedMark(name), { force: true });
    await this.#run(name);
    // One that was there may still be starting, or have failed too often: then it is not said to serve.
    await this.#running.get(name)?.whenReady();
  }

  async #run(name: string): Promise<void> {
    if (this.#running.has(name)) return;
    if (this.#isHeld(name)) return;
    const places = this.#options.places.instance(name);
    const config = await this.#refresh(name, places);
    await this.#options.profile.prepare(name, places, config);
    if (this.#isStopping) throw new Error(`${name} was not started: everything stops`);
    // Meanwhile somebody else may have started it, or an operator stopped it.
    if (this.#running.has(name) || this.#isHeld(name)) return;
    const instance = new InstanceProcesses({
      ...this.#options.plan,
      name,
      id: config.id,
      root: places.root,
      audit: places.audit,
      changed: () => this.#options.changed(name, instance.status),
    });
    this.#eventTargets.set(name, config.eventTargets);
    const wasHeld = this.#held.delete(name);
    this.#running.set(name, instance);
    try {
      await instance.start();
    } catch (error) {
      if (error instanceof InstanceInUse) {
        this.#running.delete(name);
        if (wasHeld) this.#held.add(name);
      }
      throw error;
    }
    this.#startRecorded.delete(name);
  }

  /** What an operator stopped, nobody else starts. */
  #isHeld(name: string): boolean {
    if (!existsSync(this.#options.places.instance(name).stopFlag)) return false;
    this.#held.add(name);
    this.#options.changed(name, stoppedStatus(name));
    return true;
  }

  /** Certificates run out, and names and issuers follow the port of this start. */
  async #refresh(name: string, places: InstancePaths): Promise<InstanceConfig> {
    const config = readInstanceConfig(places.config);
    if (config.name !== name) throw new Error(`${places.config} is that of '${config.name}'`);
    const { profile, aliases } = this.#options;
    const refreshed = settled(config, profile.surroundings(name, aliases.of(name)), profile.identity(config));
    if (JSON.stringify(refreshed) !== JSON.stringify(config)) await writeConfig(places.config, refreshed);
    await profile.ensureCertificate(name, places, aliases.of(name));
    return refreshed;
  }

  async #change(name: string, update: InstanceUpdate): Promise<void> {
    const { config: path } = this.#options.places.instance(name);
    const config = readInstanceConfig(path);
    const { networkTrial, diagnostics = config.diagnostics, ...kept } = update;
    const changed = { ...config, ...kept };
    const isSame = JSON.stringify(changed) === JSON.stringify(config);
    const written = settled(changed, { diagnostics });
    const instance = this.#running.get(name);
    if (JSON.stringify(written) !== JSON.stringify(config)) {
      await writeConfig(path, written);
      // Where its log is sent is no worker's business: who sends it reads the file.
      if (instance !== undefined) this.#options.changed(name, instance.status);
    }
    // A step that changes nothing is for the log all the same.
    if (isSame && networkTrial === undefined) return;
    await instance?.update(update);
  }

  async #make(request: ProvisionRequest): Promise<void> {
    if (this.#names().length >= MOST_INSTANCES) {
      throw new ProvisionRefused('QuotaExceeded', `there are ${MOST_INSTANCES} instances already`);
    }
    const { profile, aliases } = this.#options;
    const alias = aliases.owner(request.name.toLowerCase());
    if (alias !== undefined) {
      throw new ProvisionRefused('AlreadyExists', `'${request.name}' is an alias of the instance '${alias}'`);
    }
    const refusal = profile.refusal(request.name);
    if (refusal !== undefined) throw new ProvisionRefused('BadRequest', refusal);
    const places = this.#options.places.instance(request.name);
    for (const folder of [places.root, places.module, places.store, places.audit]) makePrivateFolder(folder);
    const surroundings = profile.surroundings(request.name, aliases.of(request.name));
    const { hostNames, issuers } = surroundings;
    const createdAt = new Date().toISOString();
    const made = { ...profile.made(), id: randomUUID(), ...request, hostNames, issuers, createdAt };
    await writeConfig(places.config, settled(made, surroundings, profile.identity({})));
  }

  /** Whether this very request made an instance before. @throws ProvisionRefused for another one */
  #isThere(request: ProvisionRequest): boolean {
    const taken = this.#names().find((name) => name.toLowerCase() === request.name.toLowerCase());
    if (taken === undefined) return false;
    const config = readInstanceConfig(this.#options.places.instance(taken).config);
    // What may change later does not make it another one, and purge protection is not taken back.
    const { network: _, purgeProtection, ...fixed } = request;
    const same =
      (purgeProtection || !config.purgeProtection) &&
      (Object.keys(fixed) as (keyof typeof fixed)[]).every(
        (member) => JSON.stringify(config[member]) === JSON.stringify(request[member]),
      );
    if (!same) throw new ProvisionRefused('AlreadyExists', `an instance '${taken}' exists`);
    return true;
  }

  #requireExisting(name: string): void {
    if (!this.#names().includes(name)) throw new ProvisionRefused('NotFound', 'there is no such instance');
  }

  #names(): readonly string[] {
    const { places } = this.#options;
    makePrivateFolder(places.instances);
    return readdirSync(places.instances).filter(
      (name) => existsSync(places.instance(name).config) && !isBeingPurged(places, name),
    );
  }

  get #now(): () => number {
    return this.#options.now ?? Date.now;
  }

  /** Marks of earlier releases are empty. */
  #stoppedAt(name: string): number {
    const mark = this.#stoppedMark(name);
    const content = readFileSync(mark, 'utf8');
    return content === '' ? statSync(mark).mtimeMs : Date.parse(readMark(JSON.parse(content), mark).stoppedAt);
  }

  #stoppedMark(name: string): string {
    return join(this.#options.places.instance(name).root, 'stopped');
  }
}

function stoppedStatus(name: string): InstanceStatus {
  return { port: 0, activation: 'Stopped', message: stoppedMessage(name) };
}

const DAY_MS = 86_400_000;
const readMark = record({ stoppedAt: matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'a time') });

async function writeConfig(path: string, config: InstanceConfig): Promise<void> {
  await replaceFile(path, `${JSON.stringify(config, null, 2)}\n`);
}
