// All instances of a data directory: those found on disk are started, new ones are made, and each can be changed, stopped,
// started, and purged once it is stopped. An instance exists once its `instance.json` does.
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { InstancePaths, Places } from '../deployment/data-layout.ts';
import type { InstanceConfig } from '../deployment/instance.ts';
import { readInstanceConfig } from '../deployment/read-instance.ts';
import type { InstancePids } from '../deployment/running-state.ts';
import { type RuntimeConfig, settled } from '../deployment/runtime-config.ts';
import { stopFlag, stoppedMessage } from '../deployment/stop-flag.ts';
import { replaceFile } from '../files/durable-file.ts';
import { makePrivateFolder } from '../files/private-folder.ts';
import type { OwnRecoverability } from '../formats/own-recoverability.ts';
import { matching, record, ShapeError } from '../formats/shape.ts';
import type { InstanceStatus } from '../links/instance-host.ts';
import type { InstanceUpdate } from '../links/instance-update.ts';
import { readInstanceUpdate } from '../links/instance-update.ts';
import type { ProvisionRequest } from '../links/provision-request.ts';
import { ProvisionRefused, readProvisionRequest } from '../links/provision-request.ts';
import { InstanceInUse, type InstancePlan, InstanceProcesses } from './instance-processes.ts';
import { isBeingPurged, purgeInstance, resumePurges } from './purge/purge-instance.ts';

export interface InstancesOptions {
  readonly places: Places;
  readonly tenantId: string;
  readonly plan: Omit<InstancePlan, 'name' | 'id' | 'root' | 'audit' | 'changed'>;
  /** Milliseconds since 1970; default: the system's. */
  readonly now?: () => number;
  /** What a new instance is from its first start on. */
  made(): Pick<InstanceConfig, 'profile' | 'backupTargets'>;
  surroundings(name: string): RuntimeConfig;
  /** Why there cannot be an instance of this name here. */
  refusal?(name: string): string | undefined;
  /** Before the processes of an instance are started. */
  prepare?(name: string, places: InstancePaths, config: InstanceConfig): Promise<void>;
  /** Who an instance of this configuration is to blob storage; nothing where it says that itself. */
  identity(config: Pick<InstanceConfig, 'backupIdentity'>): Pick<InstanceConfig, 'backupIdentity'>;
  ensureCertificate(name: string, places: InstancePaths): Promise<unknown>;
  /** The instance that has this (lower-case) name as an alias. */
  aliasedTo(name: string): string | undefined;
  changed(name: string, status: InstanceStatus): void;
}

const MOST_INSTANCES = 100;

export class Instances implements AsyncDisposable {
  readonly #options: InstancesOptions;
  readonly #running = new Map<string, InstanceProcesses>();
  /** Stopped by an operator: they are there, and only the operator starts them. */
  readonly #held = new Set<string>();
  /** Requests about one instance take turns. */
  #turn: Promise<unknown> = Promise.resolve();
  #isStopping = false;

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
      const request = readProvisionRequest(untrusted, this.#options.tenantId);
      const existing = this.#findExisting(request);
      if (existing === undefined) await this.#make(request);
      else await this.#change(request.name, updateIn(request));
      await this.#start(request.name);
    });
  }

  /** Resolves when every worker goes by it. @throws ProvisionRefused */
  update(name: string, untrusted: unknown): Promise<void> {
    return this.#inTurn(async () => {
      this.#requireExisting(name);
      let update: InstanceUpdate;
      try {
        update = readInstanceUpdate(untrusted);
      } catch (error) {
        if (error instanceof ShapeError) throw new ProvisionRefused('BadRequest', error.message);
        throw error;
      }
      await this.#change(name, update);
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
      const { id, resourceId, purgeProtection, softDeleteRetentionInDays } = readInstanceConfig(
        this.#options.places.instance(name).config,
      );
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
        },
        { places: this.#options.places, now: this.#now },
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
      const instance = this.#running.get(name);
      this.#running.delete(name);
      this.#held.delete(name);
      await instance?.[Symbol.asyncDispose]();
    });
  }

  start(name: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#requireExisting(name);
      await this.#start(name);
    });
  }

  /** An operator has set or taken away marks: what has one stops, what has none any more starts. */
  applyStopFlags(): Promise<void> {
    return this.#inTurn(async () => {
      for (const name of this.#names()) {
        if (existsSync(this.#stoppedMark(name))) continue;
        if (existsSync(stopFlag(this.#options.places.instance(name).root))) {
          const instance = this.#running.get(name);
          this.#running.delete(name);
          await instance?.[Symbol.asyncDispose]();
        }
        await this.#run(name);
      }
    });
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

  get pids(): Readonly<Record<string, InstancePids>> {
    return Object.fromEntries([...this.#running].map(([name, instance]) => [name, instance.pids]));
  }

  get recoverability(): Readonly<Record<string, OwnRecoverability>> {
    return Object.fromEntries(
      [...this.#running].flatMap(([name, { recoverability: own }]) => (own === undefined ? [] : [[name, own]])),
    );
  }

  get statuses(): ReadonlyMap<string, InstanceStatus> {
    const held = [...this.#held].map((name) => [name, stoppedStatus(name)] as const);
    return new Map([...[...this.#running].map(([name, instance]) => [name, instance.status] as const), ...held]);
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
    // What an operator stopped, nobody else starts.
    if (existsSync(stopFlag(this.#options.places.instance(name).root))) {
      this.#held.add(name);
      this.#options.changed(name, stoppedStatus(name));
      return;
    }
    this.#held.delete(name);
    const places = this.#options.places.instance(name);
    const config = await this.#refresh(name, places);
    await this.#options.prepare?.(name, places, config);
    const { id } = config;
    if (this.#isStopping) throw new Error(`${name} was not started: everything stops`);
    const instance = new InstanceProcesses({
      ...this.#options.plan,
      name,
      id,
      root: places.root,
      audit: places.audit,
      changed: () => this.#options.changed(name, instance.status),
    });
    this.#running.set(name, instance);
    try {
      await instance.start();
    } catch (error) {
      if (error instanceof InstanceInUse) this.#running.delete(name);
      throw error;
    }
  }

  /** Certificates run out, and names and issuers follow the port of this start. */
  async #refresh(name: string, places: InstancePaths): Promise<InstanceConfig> {
    const config = readInstanceConfig(places.config);
    if (config.name !== name) throw new Error(`${places.config} is that of '${config.name}'`);
    const refreshed = settled(config, this.#options.surroundings(name), this.#options.identity(config));
    if (JSON.stringify(refreshed) !== JSON.stringify(config)) await writeConfig(places.config, refreshed);
    await this.#options.ensureCertificate(name, places);
    return refreshed;
  }

  async #change(name: string, update: InstanceUpdate): Promise<void> {
    const { config: path } = this.#options.places.instance(name);
    const config = readInstanceConfig(path);
    const { networkTrial, ...kept } = update;
    const changed = { ...config, ...kept };
    const isSame = JSON.stringify(changed) === JSON.stringify(config);
    // A step that changes nothing is for the log all the same.
    if (isSame && networkTrial === undefined) return;
    if (!isSame) await writeConfig(path, changed);
    await this.#running.get(name)?.update(update);
  }

  async #make(request: ProvisionRequest): Promise<void> {
    if (this.#names().length >= MOST_INSTANCES) {
      throw new ProvisionRefused('QuotaExceeded', `there are ${MOST_INSTANCES} instances already`);
    }
    const alias = this.#options.aliasedTo(request.name.toLowerCase());
    if (alias !== undefined) {
      throw new ProvisionRefused('AlreadyExists', `'${request.name}' is an alias of the instance '${alias}'`);
    }
    const refusal = this.#options.refusal?.(request.name);
    if (refusal !== undefined) throw new ProvisionRefused('BadRequest', refusal);
    const places = this.#options.places.instance(request.name);
    for (const folder of [places.root, places.module, places.store, places.audit]) makePrivateFolder(folder);
    const { hostNames, issuers } = this.#options.surroundings(request.name);
    const made = {
      ...this.#options.made(),
      id: randomUUID(),
      ...request,
      hostNames,
      issuers,
      createdAt: new Date().toISOString(),
    };
    await writeConfig(
      places.config,
      settled(made, this.#options.surroundings(request.name), this.#options.identity({})),
    );
  }

  /** @returns the config of the instance that this very request made before. @throws ProvisionRefused for another one */
  #findExisting(request: ProvisionRequest): InstanceConfig | undefined {
    const taken = this.#names().find((name) => name.toLowerCase() === request.name.toLowerCase());
    if (taken === undefined) return undefined;
    const config = readInstanceConfig(this.#options.places.instance(taken).config);
    // What may change later does not make it another one, and purge protection is not taken back.
    const { network: _, purgeProtection, ...fixed } = request;
    const same =
      (purgeProtection || !config.purgeProtection) &&
      (Object.keys(fixed) as (keyof typeof fixed)[]).every(
        (member) => JSON.stringify(config[member]) === JSON.stringify(request[member]),
      );
    if (!same) throw new ProvisionRefused('AlreadyExists', `an instance '${taken}' exists`);
    return config;
  }

  #requireExisting(name: string): void {
    if (!this.#names().includes(name)) throw new ProvisionRefused('NotFound', 'there is no such instance');
  }

  #names(): readonly string[] {
    const { instances } = this.#options.places;
    makePrivateFolder(instances);
    const { places } = this.#options;
    return readdirSync(instances).filter(
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

function updateIn({ network, purgeProtection }: ProvisionRequest): InstanceUpdate {
  return { network, ...(purgeProtection ? { purgeProtection: true } : {}) };
}

async function writeConfig(path: string, config: InstanceConfig): Promise<void> {
  await replaceFile(path, `${JSON.stringify(config, null, 2)}\n`);
}
