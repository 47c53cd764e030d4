// Decides which events of keys are to be told, in one worker of an instance. It speaks to nobody: what is told is put on record, and the
// watcher delivers it from there.
import { NO_ENTRY, type Records } from '../../store/sealed/records.ts';
import type { DueJob } from '../clock/due-work.ts';
import { keyEvent } from './cloud-event.ts';
import { deliveredKind } from './delivered-events.ts';
import {
  afterTelling,
  dueEvents,
  type EventQueue,
  NOTHING,
  type PendingFrom,
  pendingEvents,
} from './pending-events.ts';
import type { Telling } from './telling.ts';

export interface EventTelling extends PendingFrom {
  readonly queue: EventQueue;
  readonly telling: Telling;
  readonly records: Pick<Records, 'update'>;
  readonly now: () => number;
  readonly stopping: AbortSignal;
}

export function eventJob(service: EventTelling): DueJob {
  const { queue, telling, told, keys, records, now, stopping } = service;

  /** All that is due of one key, by its lower-case name. One that was purged meanwhile leaves no mark. */
  async function tellOf(name: string): Promise<void> {
    const due = dueEvents(pendingEvents(name, service), now());
    await Promise.all(
      due.map((event) => telling.tell(keyEvent(event, telling.source), `/keys/${event.key.name}/${event.key.version}`)),
    );
    await records.update(() => {
      const exists = keys.versions(name).length > 0 || keys.deletedVersions(name).length > 0;
      return exists ? [deliveredKind.put(name, due.reduce(afterTelling, told.find(name) ?? NOTHING))] : [];
    }, NO_ENTRY);
    queue.update(name);
  }

  return {
    name: 'events',
    nextDue: () => (telling.isOn() ? queue.next()?.time : undefined),
    async run() {
      for (let next = queue.next(); next !== undefined && next.time <= now(); next = queue.next()) {
        if (stopping.aborted || !telling.isOn()) return;
        await tellOf(next.name);
      }
    },
  };
}
