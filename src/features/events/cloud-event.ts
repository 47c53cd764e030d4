// An event as the receiver gets it: the vault service's Event Grid types and data, for a CloudEvents 1.0 JSON envelope.

import { type EventMembers, type NamedEvent, stableId } from '../../formats/cloud-event.ts';
import { isoTime } from '../../formats/iso-time.ts';
import { keyId } from '../keys/key-version.ts';
import type { PendingEvent } from './pending-events.ts';

export interface EventSource {
  /** Id of the instance. */
  readonly id: string;
  readonly name: string;
  /** `https://{authority}` that identifiers begin with. */
  readonly origin: string;
}

export function keyEvent({ key, kind, at }: PendingEvent, source: EventSource): NamedEvent {
  const { exp, nbf } = key.attributes;
  // A version is new once, whatever becomes of its expiry before it is told.
  const same = kind === 'KeyNewVersionCreated' ? '' : String(exp ?? '');
  return named(source, [key.name, key.version, same], {
    type: `Microsoft.KeyVault.${kind}`,
    subject: key.name,
    time: isoTime(at),
    data: {
      Id: keyId(source.origin, key),
      VaultName: source.name,
      ObjectType: 'Key',
      ObjectName: key.name,
      Version: key.version,
      NBF: nbf,
      EXP: exp,
    },
  });
}

/** @param same what makes it the same event, whenever it is told */
export function named({ id }: Pick<EventSource, 'id'>, same: readonly string[], event: EventMembers): NamedEvent {
  return { id: stableId([id, event.type, ...same]), ...event };
}
