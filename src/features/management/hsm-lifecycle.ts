// Creating and deleting managed HSMs: the record first and durably, then the work at the instance host, then the
// outcome. Work that a crash or a stop cut off is taken up again from the records.
import { randomUUID } from 'node:crypto';
import { hsmId } from './describe-hsm.ts';
import { HostStopping, type InstanceHost } from './instance-host.ts';
import { MAX_OPERATIONS, type ManagedHsm, type Operation, type Resources } from './resources.ts';
import type { ResourceBook } from './resources-file.ts';

export interface LifecycleOptions {
  readonly book: ResourceBook;
  readonly host: InstanceHost;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: (message: string) => void;
}

export class HsmLifecycle implements AsyncDisposable {
  readonly #options: LifecycleOptions;
  readonly #running = new Set<Promise<void>>();

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /** To be called once at start. */
  resume(): void {
    for (const { name, state } of this.#options.book.current.managedHsms) {
      if (state === 'Provisioning') this.#track(this.#provision(name));
      if (state === 'Deleting') this.#track(this.#delete(name));
    }
  }

  /**
   * Records what `decide` makes of the current records and begins the work; resolves with the operation once that is
   * durable. What `decide` throws leaves everything as it was.
   */
  async begin(kind: Operation['kind'], name: string, decide: (resources: Resources) => ManagedHsm): Promise<Operation> {
    const { book } = this.#options;
    const { operation, isNew } = await book.update((resources) => {
      const hsm = decide(resources);
      const before = resources.managedHsms.find((each) => each.name === name);
      const running = resources.operations.findLast((each) => each.hsm === name && each.kind === kind);
      // The same request while its work is under way joins that work.
      if (before !== undefined && before === hsm && running !== undefined) {
        return { resources, result: { operation: running, isNew: false } };
      }
      const operation: Operation = { id: randomUUID(), kind, hsm: name };
      const managedHsms = [...resources.managedHsms.filter((each) => each.name !== name), hsm];
      const operations = [...resources.operations, operation].slice(-MAX_OPERATIONS);
      return { resources: { ...resources, managedHsms, operations }, result: { operation, isNew: true } };
    });
    if (isNew) this.#track(kind === 'create' ? this.#provision(name) : this.#delete(name));
    return operation;
  }

  /** Waits for the work under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  async #provision(name: string): Promise<void> {
    const { book, host, log } = this.#options;
    const hsm = find(book.current, name);
    if (hsm === undefined) return;
    try {
      await host.provision({
        name,
        tenantId: book.current.tenantId,
        resourceId: hsmId(book.current, hsm),
        region: hsm.location,
        initialAdministrators: hsm.initialAdministrators,
        softDeleteRetentionInDays: hsm.softDeleteRetentionInDays,
        purgeProtection: hsm.purgeProtection,
      });
      await this.#settle(name, { ...hsm, state: 'Succeeded' });
    } catch (error) {
      if (error instanceof HostStopping) return this.#leave(name, 'provisioned');
      const problem = error instanceof Error ? error.message : String(error);
      log(`management: ${name} could not be provisioned: ${problem}`);
      await this.#settle(name, { ...hsm, state: 'Failed', problem });
    }
  }

  async #delete(name: string): Promise<void> {
    const { book, host, log, now } = this.#options;
    try {
      await host.stop(name);
    } catch (error) {
      if (error instanceof HostStopping) return this.#leave(name, 'deleted');
      const problem = error instanceof Error ? error.message : String(error);
      log(`management: ${name} could not be stopped: ${problem}`);
      const hsm = find(book.current, name);
      if (hsm !== undefined) await this.#settle(name, { ...hsm, state: 'Failed', problem });
      return;
    }
    await book.update((resources) => {
      const hsm = find(resources, name);
      if (hsm === undefined) return { resources, result: undefined };
      const deleted = { hsm: { ...hsm, state: 'Succeeded' as const }, deletedAt: new Date(now()).toISOString() };
      return {
        resources: {
          ...resources,
          managedHsms: resources.managedHsms.filter((each) => each !== hsm),
          deletedHsms: [...resources.deletedHsms, deleted],
        },
        result: undefined,
      };
    });
  }

  /** The record goes on saying what is to be done. */
  #leave(name: string, what: string): void {
    this.#options.log(`management: ${name} is ${what} at the next start: the service stops now`);
  }

  /** Only the state is ours to say: what else changed meanwhile stays. */
  async #settle(name: string, { state, problem }: ManagedHsm): Promise<void> {
    await this.#options.book.update((resources) => ({
      resources: {
        ...resources,
        managedHsms: resources.managedHsms.map((each) =>
          each.name === name ? { ...each, state, ...(problem === undefined ? {} : { problem }) } : each,
        ),
      },
      result: undefined,
    }));
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) =>
        this.#options.log(`management: ${error instanceof Error ? error.message : String(error)}`),
      )
      .finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }
}

function find({ managedHsms }: Resources, name: string): ManagedHsm | undefined {
  return managedHsms.find((hsm) => hsm.name === name);
}
