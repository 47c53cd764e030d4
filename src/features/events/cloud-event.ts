// An event as the receiver gets it: the vault service's Event Grid types and data in a CloudEvents 1.0 JSON envelope.

import { cloudEvent as asCloudEvent, type CloudEvent, stableId } from '../../formats/cloud-event.ts';
import { isoTime } from '../../formats/iso-time.ts';
import { keyId } from '../keys/key-version.ts';
import type { PendingEvent } from './pending-events.ts';

export interface EventSource {
  /** Id of the instance. */
  readonly id: string;
  readonly name: string;
  /** ARM id. */
  readonly resourceId: string;
  /** `https://{authority}` that identifiers begin with. */
  readonly origin: string;
}

export function cloudEvent({ key, kind, at }: PendingEvent, source: EventSource): CloudEvent {
  const { exp, nbf } = key.attributes;
  return envelope(source, [key.name, key.version, String(exp ?? '')], {
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

/** @param same the same event has the same id whenever it is sent, so that a receiver can tell a repetition */
export function envelope(
  { id: instance, resourceId }: EventSource,
  same: readonly string[],
  told: { readonly type: string; readonly subject: string; readonly time: string; readonly data: object },
): CloudEvent {
  return asCloudEvent(stableId([instance, told.type, ...same]), resourceId, told);
}
