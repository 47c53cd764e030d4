// CloudEvents 1.0 in structured mode, as JSON.
import { createHash } from 'node:crypto';

export interface CloudEvent {
  readonly id: string;
  readonly type: string;
  /** JSON text. */
  readonly text: string;
}

/** The same for the same, whenever it is made; it reads as a GUID. */
export function stableId(of: readonly string[]): string {
  const hex = createHash('sha256').update(JSON.stringify(of)).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

/** @param id the same event has the same id whenever it is sent, so that a receiver can tell a repetition */
export function cloudEvent(
  id: string,
  source: string,
  { type, subject, time, data }: { type: string; subject: string; time: string; data: object },
): CloudEvent {
  const datacontenttype = 'application/json';
  const text = JSON.stringify({ specversion: '1.0', id, source, type, subject, time, datacontenttype, data });
  return { id, type, text };
}
