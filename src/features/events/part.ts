import { readFileSync } from 'node:fs';
import { badParameter } from '../../http/service-error.ts';
import type { Records } from '../../store/sealed/records.ts';
import type { KeyIndex } from '../keys/key-index.ts';
import { type OwnAct, part } from '../part.ts';
import type { RotationPolicies } from '../rotation/policy.ts';
import { DeliveredEvents, deliveredKind, sinceKind } from './delivered-events.ts';
import { type EventTelling, eventJob } from './event-job.ts';
import { EventQueue } from './pending-events.ts';
import { type EventTarget, EventTargets } from './targets.ts';
import { openTelling } from './telling.ts';

interface Needs {
  readonly config: {
    readonly id: string;
    readonly name: string;
    readonly profile: 'dev' | 'production';
    readonly hostNames: readonly { readonly authority: string }[];
    readonly eventTargets?: readonly EventTarget[];
  };
  readonly keys: KeyIndex;
  readonly policies: RotationPolicies;
  readonly settings: { value(name: 'StrongroomEventWebhook'): string };
  readonly now: () => number;
  readonly record: (act: OwnAct) => Promise<void>;
}

interface Service extends Omit<EventTelling, 'queue' | 'records'> {
  readonly events: EventQueue;
  readonly records: Pick<Records, 'update'>;
}

export const events = part({
  kinds: [deliveredKind, sinceKind],
  keep({ config, keys, policies, settings, record }: Needs) {
    const told = new DeliveredEvents();
    const { id, name, profile, eventTargets = [] } = config;
    const telling = openTelling({
      source: { id, name, origin: `https://${config.hostNames[0]?.authority ?? ''}` },
      targets: new EventTargets(eventTargets, { profile, readFile: (path) => readFileSync(path, 'utf8') }),
      address: () => settings.value('StrongroomEventWebhook'),
      told,
      record,
    });
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
  serve: ({ events: queue, ...service }: Service) => ({ tells: [eventJob({ ...service, queue })] }),
});
