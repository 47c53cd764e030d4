// What has been told of a key, in the sealed record `event-told/{name}`; and `events-since`, from when on events are sent
// at all. A record is written after the receiver has taken the event, so a crash in between sends it again.
import { StoreError } from '../../store/port.ts';
import type { Change } from '../../store/sealed/records.ts';

export interface Told {
  /** Ordinal of the newest version that was told of. */
  readonly newVersion: number;
  /** `{version}:{exp}` whose near expiry, or expiry, was told. */
  readonly nearExpiry?: string;
  readonly expired?: string;
}

const SINCE_RECORD = 'events-since';

export class ToldEvents {
  readonly #told = new Map<string, Told>();
  #since: number | undefined;

  /** Takes a change of these records; leaves others alone. */
  apply({ name: recordName, value }: Change): void {
    if (recordName === SINCE_RECORD) this.#since = value === null ? undefined : decodeSince(value);
    const name = parseToldRecordName(recordName);
    if (name === undefined) return;
    if (value === null) this.#told.delete(name);
    else this.#told.set(name, decodeTold(value));
  }

  find(name: string): Told | undefined {
    return this.#told.get(name.toLowerCase());
  }

  /** Unix seconds; undefined while events are off. */
  get since(): number | undefined {
    return this.#since;
  }
}

/** @param since undefined: events are off */
export function sinceChange(since: number | undefined): Change {
  return { name: SINCE_RECORD, value: since === undefined ? null : encode({ since }) };
}

export function toldChange(name: string, told: Told): Change {
  return { name: toldRecordName(name), value: encode(told) };
}

/** What goes with a key that is purged. */
export function planToldRemoval(name: string): readonly Change[] {
  return [{ name: toldRecordName(name), value: null }];
}

export function isSinceRecord(recordName: string): boolean {
  return recordName === SINCE_RECORD;
}

/** The lower-case name of the key; undefined for records of other kinds. */
export function parseToldRecordName(recordName: string): string | undefined {
  return /^event-told\/([0-9a-z-]{1,127})$/.exec(recordName)?.[1];
}

function toldRecordName(name: string): string {
  return `event-told/${name.toLowerCase()}`;
}

function encode(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8');
}

function decodeSince(value: Uint8Array): number {
  const { since } = JSON.parse(Buffer.from(value).toString('utf8')) as { since?: unknown };
  if (typeof since === 'number' && Number.isSafeInteger(since)) return since;
  throw new StoreError('Damaged', 'the record events-since does not hold a time');
}

function decodeTold(value: Uint8Array): Told {
  const stored = JSON.parse(Buffer.from(value).toString('utf8')) as Partial<Told>;
  const isMark = (mark: unknown): boolean => mark === undefined || typeof mark === 'string';
  if (Number.isSafeInteger(stored.newVersion) && isMark(stored.nearExpiry) && isMark(stored.expired)) {
    return stored as Told;
  }
  throw new StoreError('Damaged', 'a record of told events does not have its members');
}
