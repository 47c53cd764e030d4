// CloudEvents 1.0 in structured mode, as JSON.
import { createHash } from 'node:crypto';

/** What an event says, whoever sends it. */
export interface EventMembers {
  readonly type: string;
  readonly subject: string;
  /** ISO 8601. */
  readonly time: string;
  readonly data: object;
}

/** The same event has the same id whenever it is sent, so that a receiver can tell a repetition. */
export interface NamedEvent extends EventMembers {
  readonly id: string;
}

/** The same for the same, whenever it is made; it reads as a GUID. */
export function stableId(of: readonly string[]): string {
  const hex = createHash('sha256').update(JSON.stringify(of)).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

/** @returns JSON text */
export function cloudEvent(source: string, { id, type, subject, time, data }: NamedEvent): string {
  const datacontenttype = 'application/json';
  return JSON.stringify({ specversion: '1.0', id, source, type, subject, time, datacontenttype, data });
}
