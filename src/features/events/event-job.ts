// Tells the configured webhook what has happened to keys. Runs in one worker of an instance, apart from all requests; a
// receiver that is slow or down delays events and nothing else.

import { Backoff } from '../../http/backoff.ts';
import type { Head, Records } from '../../store/sealed/records.ts';
import type { DueJob } from '../clock/due-work.ts';
import { cloudEvent } from './cloud-event.ts';
import { deliveredKind } from './delivered-events.ts';
import {
  afterDelivery,
  dueEvents,
  type EventQueue,
  type PendingEvent,
  type PendingFrom,
  pendingEvents,
} from './pending-events.ts';
import type { AllowedTarget } from './targets.ts';
import type { Telling } from './telling.ts';

export interface SentEvent {
  readonly type: string;
  readonly id: string;
  readonly event: PendingEvent;
  /** Of the receiver; what comes after it may be secret. */
  readonly origin: string;
  readonly detail: string;
}

export interface EventSending extends PendingFrom, Telling {
  readonly queue: EventQueue;
  readonly records: Pick<Records, 'update'>;
  readonly now: () => number;
  readonly record: {
    /** @param head of the commit that says so */
    taken(sent: SentEvent, head: Head): Promise<void>;
    /** It will not be sent again. */
    givenUp(sent: SentEvent, head: Head): Promise<void>;
    failed(sent: SentEvent, retryAt: number): Promise<void>;
  };
  readonly stopping: AbortSignal;
}

export function eventJob(service: EventSending): DueJob {
  const { queue, told, keys, records, address, source, targets, now, deliver, record, stopping } = service;
  /** Of the receiver as a whole, and of each key whose event it failed on. */
  const receiver = new Backoff();
  const patience = new Map<string, Backoff>();
  let pausedUntil = 0;
  let pausedFor = '';

  /** An address that is not allowed any more is as good as none: nothing is sent, and nothing forgotten. */
  const target = (): AllowedTarget | undefined => targets.find(address());

  /** The receiver failed: it is left alone for a while. @returns until when */
  function pause(at: number): number {
    pausedFor = address();
    pausedUntil = at + receiver.failed(at);
    return pausedUntil;
  }

  /** A key that was purged meanwhile leaves no mark. */
  const markTold = (name: string, event: PendingEvent): Promise<Head> =>
    records.update(() => {
      const exists = keys.versions(name).length > 0 || keys.deletedVersions(name).length > 0;
      return exists ? [deliveredKind.put(name, afterDelivery(event, told.find(name)))] : [];
    });

  /** All that is due of one key, by its lower-case name, until one event fails. @returns whether none did */
  async function tellOf(name: string, to: AllowedTarget): Promise<boolean> {
    for (const event of dueEvents(pendingEvents(name, service), now())) {
      const { id, type, text } = cloudEvent(event, source);
      const { outcome, detail } = await deliver(to, text, stopping);
      const at = now();
      const sent: SentEvent = { id, type, event, origin: to.url.origin, detail };
      if (outcome === 'taken') {
        await record.taken(sent, await markTold(name, event));
      } else if (stopping.aborted) {
        return false;
      } else {
        const patient = patience.get(name) ?? new Backoff();
        const retryAt = at + patient.failed(at);
        if (outcome === 'refused' || patient.isExhausted(at)) {
          await record.givenUp(sent, await markTold(name, event));
        } else {
          patience.set(name, patient);
          // All of it before the log is waited for: what the log says of the next attempt is then what happens.
          queue.postpone(name, retryAt);
          await record.failed(sent, Math.max(retryAt, pause(at)));
          return false;
        }
      }
      patience.delete(name);
    }
    queue.update(name);
    return true;
  }

  return {
    name: 'events',
    nextDue() {
      if (told.since === undefined || target() === undefined) return undefined;
      const next = queue.next()?.time;
      if (next === undefined) return undefined;
      return pausedFor === address() ? Math.max(next, pausedUntil) : next;
    },
    async run() {
      if (pausedFor !== address()) pausedUntil = 0;
      for (let next = queue.next(); next !== undefined && next.time <= now(); next = queue.next()) {
        const to = target();
        if (stopping.aborted || to === undefined || pausedUntil > now()) return;
        if (await tellOf(next.name, to)) receiver.succeeded();
      }
    },
  };
}
