// An event as the receiver gets it: the vault service's Event Grid types and data in a CloudEvents 1.0 JSON envelope.
import { createHash } from 'node:crypto';
import { keyId } from '../keys/bundle.ts';
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

/** With the JSON text that is sent. */
export function cloudEvent(event: PendingEvent, source: EventSource): Readonly<Record<'id' | 'type' | 'text', string>> {
  const { key, kind, at } = event;
  const { exp, nbf } = key.attributes;
  const type = `Microsoft.KeyVault.${kind}`;
  const id = stableId([source.id, type, key.name, key.version, String(exp ?? '')]);
  const text = JSON.stringify({
    specversion: '1.0',
    id,
    source: source.resourceId,
    type,
    subject: key.name,
    time: new Date(at * 1000).toISOString(),
    datacontenttype: 'application/json',
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
  return { id, type, text };
}

/** The same event has the same id whenever it is sent, so that a receiver can tell a repetition. */
function stableId(parts: readonly string[]): string {
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
