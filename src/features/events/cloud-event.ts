// An event as the receiver gets it: the vault service's Event Grid types and data in a CloudEvents 1.0 JSON envelope.

import { createHash } from 'node:crypto';
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

export interface CloudEvent {
  readonly id: string;
  readonly type: string;
  /** JSON text. */
  readonly text: string;
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

/**
 * CloudEvents 1.0.
 * @param same the same event has the same id whenever it is sent, so that a receiver can tell a repetition
 */
export function envelope(
  { id: instance, resourceId }: EventSource,
  same: readonly string[],
  { type, subject, time, data }: { type: string; subject: string; time: string; data: object },
): CloudEvent {
  const hex = createHash('sha256')
    .update(JSON.stringify([instance, type, ...same]))
    .digest('hex');
  const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
  const datacontenttype = 'application/json';
  const text = JSON.stringify({
    specversion: '1.0',
    id,
    source: resourceId,
    type,
    subject,
    time,
    datacontenttype,
    data,
  });
  return { id, type, text };
}
