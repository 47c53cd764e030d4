import { readFileSync } from 'node:fs';
import { isoTime } from '../../formats/iso-time.ts';
import { postEvent } from '../../http/post-event.ts';
import { badParameter } from '../../http/service-error.ts';
import type { Records } from '../../store/sealed/records.ts';
import type { KeyIndex } from '../keys/key-index.ts';
import { type OwnAct, part } from '../part.ts';
import type { RotationPolicies } from '../rotation/policy.ts';
import { DeliveredEvents, deliveredKind, sinceKind } from './delivered-events.ts';
import { type EventSending, eventJob, type SentEvent } from './event-job.ts';
import { EventQueue } from './pending-events.ts';
import { type EventTarget, EventTargets } from './targets.ts';
import type { Telling } from './telling.ts';

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
      deliver: postEvent,
    };
    return { told, events: new EventQueue({ keys, policies, told }), telling };
  },
  relatedWrites: ({ told, telling: { targets }, now }) => ({
    purge: (name) => [deliveredKind.remove(name.toLowerCase())],
    setting(name, address) {
      if (name !== 'StrongroomEventWebhook') return [];
      if (address === '') return [sinceKind.remove()];
      const refusal = targets.refusal(address);
      if (refusal !== undefined) throw badParameter(refusal);
      // From when on events are told, in the same commit, so that none is missed between the two.
      return told.since === undefined ? [sinceKind.put('', { since: now() })] : [];
    },
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
