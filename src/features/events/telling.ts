// How the receiver of events is told: the event goes into the log, and the watcher takes it from there. What remembers that it was told
// is committed after that, so that a crash in between puts it there again, under the same id.
import type { NamedEvent } from '../../formats/cloud-event.ts';
import type { OwnAct } from '../part.ts';
import type { EventSource } from './cloud-event.ts';
import type { DeliveredEvents } from './delivered-events.ts';
import type { EventTargets } from './targets.ts';

export interface Telling {
  readonly source: EventSource;
  readonly targets: EventTargets;
  /** An address that is not allowed any more is as good as none: nothing is told, and nothing forgotten. */
  isOn(): boolean;
  /** Resolves when it is on record, whence it is delivered. @param key path of the version that it is about */
  tell(event: NamedEvent, key?: string): Promise<void>;
  /** From when on events are told, absent while they are off; and where to. */
  receiver(): { readonly since?: number; readonly address?: string };
}

export function openTelling({
  source,
  targets,
  address,
  told,
  record,
}: Pick<Telling, 'source' | 'targets'> & {
  /** The setting: '' when events are off. */
  readonly address: () => string;
  readonly told: Pick<DeliveredEvents, 'since'>;
  readonly record: (act: OwnAct) => Promise<void>;
}): Telling {
  const isOn = (): boolean => told.since !== undefined && targets.find(address()) !== undefined;
  return {
    source,
    targets,
    isOn,
    tell: (event, key) =>
      record({
        operationName: 'EventDue',
        description: `${event.type} ${event.id} is to be told.`,
        detail: { event, since: told.since },
        ...(key === undefined ? {} : { key }),
      }),
    receiver: () => ({
      ...(told.since === undefined ? {} : { since: told.since }),
      ...(isOn() ? { address: address() } : {}),
    }),
  };
}
