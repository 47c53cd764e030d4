import { readFileSync } from 'node:fs';
import { isoTime } from '../../formats/iso-time.ts';
import type { Records } from '../../store/sealed/records.ts';
import type { KeyIndex } from '../keys/key-index.ts';
import { type OwnAct, part } from '../part.ts';
import type { RotationPolicies } from '../rotation/policies.ts';
import type { EventSource } from './cloud-event.ts';
import { deliver } from './deliver.ts';
import { DeliveredEvents, deliveredKind, deliveredRemoval, sinceKind } from './delivered-events.ts';
import { type EventSending, eventJob, type SentEvent } from './event-job.ts';
import { EventQueue } from './event-queue.ts';
import { type EventTarget, EventTargets } from './targets.ts';
import { planAddress } from './webhook-change.ts';

interface Needs {
  readonly config: {
    readonly id: string;
    readonly name: string;
    readonly resourceId: string;
    readonly profile: 'dev' | 'production';
    readonly hostNames: readonly { readonly authority: string }[];
    readonly eventTargets?: readonly EventTarget[];
  };
  readonly keys: KeyIndex;
  readonly policies: RotationPolicies;
  readonly settings: { value(name: 'StrongroomEventWebhook'): string };
  readonly now: () => number;
}

/** What whoever tells something needs. */
export interface Telling {
  readonly targets: EventTargets;
  /** The setting: '' when events are off. */
  readonly address: () => string;
  readonly source: EventSource;
  readonly deliver: typeof deliver;
}

interface Service extends Pick<EventSending, 'keys' | 'policies' | 'told' | 'now' | 'stopping'> {
  readonly events: EventQueue;
  readonly telling: Telling;
  readonly records: Pick<Records, 'update'>;
  readonly record: (act: OwnAct) => Promise<void>;
}

export const events = part({
  kinds: [deliveredKind, sinceKind],
  keep({ config, keys, policies, settings }: Needs) {
    const told = new DeliveredEvents();
    const { id, name, resourceId, profile, eventTargets = [] } = config;
    const telling: Telling = {
      targets: new EventTargets(eventTargets, { profile, readFile: (path) => readFileSync(path, 'utf8') }),
      address: () => settings.value('StrongroomEventWebhook'),
      source: { id, name, resourceId, origin: `https://${config.hostNames[0]?.authority ?? ''}` },
      deliver,
    };
    return { told, events: new EventQueue({ keys, policies, told }), telling };
  },
  relatedWrites: ({ told, telling: { targets }, now }) => ({
    purge: (name) => [deliveredRemoval(name)],
    setting: (name, value) => (name === 'StrongroomEventWebhook' ? planAddress(value, { targets, told, now }) : []),
  }),
  serve: (service: Service) => ({ sends: [eventJob(recorded(service))] }),
});

function recorded({ events: queue, telling, record, ...service }: Service): EventSending {
  const write = (sent: SentEvent, rest: string, more: Pick<OwnAct, 'head' | 'failure'>): Promise<void> =>
    record({
      operationName: 'EventDeliver',
      description: `${sent.type} ${sent.id}: ${sent.origin} ${sent.detail}.${rest}`,
      key: `/keys/${sent.event.key.name}/${sent.event.key.version}`,
      ...more,
    });
  return {
    ...service,
    ...telling,
    queue,
    record: {
      taken: (sent, head) => write(sent, '', { head }),
      givenUp: (sent, head) => write(sent, ' It is given up.', { head, failure: 'GivenUp' }),
      failed: (sent, retryAt) => write(sent, ` Next attempt ${isoTime(retryAt)}.`, { failure: 'NotDelivered' }),
    },
  };
}
