// The work on managed HSMs: the record first and durably, then what the instance host has to do, then the outcome. Work
// that a crash or a stop cut off is taken up again from the records; what is due is purged.

import { randomUUID } from 'node:crypto';
import type { NetworkRules } from '../../../formats/network-rules.ts';
import { HostStopping, type InstanceHost } from '../../../links/instance-host.ts';
import { destinationsOf } from '../diagnostics/settings.ts';
import { findByName, hsmId } from '../find.ts';
import { beginRevert, dueTrials } from '../network/trial.ts';
import type { Requester } from '../record/record-operations.ts';
import { MAX_OPERATIONS, type ManagedHsm, type Operation } from '../resources.ts';
import type { ResourceStore } from '../resources-file.ts';
import { beginPurge, type Decide } from './decisions.ts';
import { purgeTime } from './describe-hsm.ts';
import { failed, succeeded } from './outcomes.ts';

interface LifecycleOptions {
  readonly book: ResourceStore;
  readonly host: InstanceHost;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: (message: string) => void;
}

const LOOK_EVERY_MS = 60_000;

export class HsmLifecycle implements AsyncDisposable {
  readonly #options: LifecycleOptions;
  readonly #running = new Set<Promise<void>>();
  readonly #begun = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #trialTimer: NodeJS.Timeout | undefined;
  #isDisposed = false;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /** To be called once at start. */
  resume(): void {
    const { managedHsms, deletedHsms } = this.#options.book.current;
    const kinds = { Provisioning: 'create', Updating: 'update', Deleting: 'delete', Recovering: 'recover' } as const;
    for (const { name, state } of managedHsms) {
      if (state !== 'Succeeded' && state !== 'Failed') void this.#track(this.#work('itself', kinds[state], name));
    }
    for (const { hsm, purging } of deletedHsms) if (purging) void this.#track(this.#work('itself', 'purge', hsm.name));
    const look = (): void => {
      void this.#track(this.purgeDue());
      void this.#track(this.revertDue());
    };
    look();
    this.#timer = setInterval(look, LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /**
   * Records what `decide` makes of the current records and begins the work; resolves with the operation once that is
   * durable. What `decide` throws leaves everything as it was.
   */
  async begin(by: Requester, kind: Operation['kind'], decide: Decide): Promise<Operation> {
    const { book, now } = this.#options;
    const { operation, isNew } = await book.update(by, (before) => {
      const { resources, hsm } = decide(before);
      const running = before.operations.findLast(
        (each) => each.hsm === hsm.name && each.kind === kind && each.status === 'InProgress',
      );
      if (resources === undefined && running !== undefined) {
        return { resources: before, result: { operation: running, isNew: false } };
      }
      const operation: Operation = {
        id: randomUUID(),
        kind,
        hsm: hsm.name,
        resourceGroup: hsm.resourceGroup,
        location: hsm.location,
        status: 'InProgress',
        startedAt: new Date(now()).toISOString(),
      };
      const operations = [...before.operations, operation].slice(-MAX_OPERATIONS);
      return {
        resources: { ...(resources ?? before), operations },
        // Taken up again at the last start, without an operation that a client could poll: this one is it.
        result: { operation, isNew: resources !== undefined },
      };
    });
    if (isNew) {
      const work = this.#track(this.#work(by, kind, operation.hsm));
      this.#begun.set(
        operation.id,
        work.finally(() => this.#begun.delete(operation.id)),
      );
    }
    return operation;
  }

  /**
   * Waits for the end of what `begin` answered, but not longer than this: for answers that clients take for the end of it.
   */
  async awaitEnd({ id }: Operation, atMostMs: number): Promise<void> {
    const work = this.#begun.get(id);
    if (work === undefined) return;
    const waited = Promise.withResolvers<void>();
    const timer = setTimeout(waited.resolve, atMostMs);
    await Promise.race([work, waited.promise]);
    clearTimeout(timer);
  }

  /** Begins the purge of everything whose retention has ended. */
  async purgeDue(): Promise<void> {
    const { book, now } = this.#options;
    const due = book.current.deletedHsms.filter((each) => !each.purging && purgeTime(each) <= now());
    for (const { hsm } of due) await this.begin('itself', 'purge', (resources) => beginPurge(resources, hsm.name));
  }

  /** Begins to take back the network rules whose trial is over, and sets the clock for the next one's end. */
  async revertDue(): Promise<void> {
    const { book, now } = this.#options;
    const at = now();
    for (const name of dueTrials(book.current, at)) {
      await this.begin('itself', 'update', (resources) => beginRevert(resources, name, at));
    }
    this.#awaitTrial(at);
  }

  /** @param looked when it was last looked which trials are over */
  #awaitTrial(looked: number): void {
    clearTimeout(this.#trialTimer);
    const { book, now } = this.#options;
    // One that was over and could not be begun is looked at again after the work under way, and every minute.
    const ends = book.current.managedHsms
      .flatMap(({ trial }) => (trial === undefined ? [] : [Date.parse(trial.until)]))
      .filter((end) => end > looked);
    const next = Math.min(...ends) - now();
    if (this.#isDisposed || next > LOOK_EVERY_MS) return;
    // Its end may have come while this was looked at.
    this.#trialTimer = setTimeout(() => void this.#track(this.revertDue()), Math.max(next, 0) + 1);
    this.#trialTimer.unref();
  }

  /** Waits for the work under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#trialTimer);
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  async #work(by: Requester, kind: Operation['kind'], name: string): Promise<void> {
    const { book, log, now } = this.#options;
    let problem: string | undefined;
    try {
      await this.#ask(kind, name);
    } catch (error) {
      if (error instanceof HostStopping) {
        // The record goes on saying what is to be done.
        log(`management: the ${kind} of ${name} is taken up at the next start: the service stops now`);
        return;
      }
      problem = error instanceof Error ? error.message : String(error);
      log(`management: the ${kind} of ${name} failed: ${problem}`);
    }
    const at = new Date(now()).toISOString();
    await book.update(by, (before) => ({
      resources: problem === undefined ? succeeded(before, kind, name, at) : failed(before, kind, name, problem),
      result: undefined,
    }));
    if (problem === undefined && !this.#isDisposed) await this.revertDue();
  }

  async #ask(kind: Operation['kind'], name: string): Promise<void> {
    const { book, host } = this.#options;
    if (kind === 'purge') return host.purge(name);
    const hsm = findByName(book.current, name);
    if (hsm === undefined) return;
    switch (kind) {
      case 'create':
        await host.provision({
          name,
          tenantId: book.current.tenantId,
          resourceId: hsmId(book.current, hsm),
          region: hsm.location,
          initialAdministrators: hsm.initialAdministrators,
          softDeleteRetentionInDays: hsm.softDeleteRetentionInDays,
          purgeProtection: hsm.purgeProtection,
          network: networkOf(hsm),
        });
        // One that is made has none; it may have been there, and have failed to hear of them.
        if (hsm.diagnosticSettings.length > 0) await host.update(name, { diagnostics: destinationsOf(hsm) });
        return;
      case 'update':
        return host.update(name, {
          network: networkOf(hsm),
          diagnostics: destinationsOf(hsm),
          ...(hsm.trialStep === undefined ? {} : { networkTrial: hsm.trialStep }),
          ...(hsm.purgeProtection ? { purgeProtection: true } : {}),
        });
      case 'delete':
        return host.stop(name);
      case 'recover':
        return host.start(name);
    }
  }

  /** Resolves when it has ended, however that was. */
  #track(work: Promise<void>): Promise<void> {
    const tracked = work
      .catch((error: unknown) =>
        this.#options.log(`management: ${error instanceof Error ? error.message : String(error)}`),
      )
      .finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
    return tracked;
  }
}

function networkOf({ publicNetworkAccess, networkAcls, connections }: ManagedHsm): NetworkRules {
  const privateEndpointConnections = connections.map(({ name, status }) => ({ name, status }));
  return { publicNetworkAccess, networkAcls, privateEndpointConnections };
}
