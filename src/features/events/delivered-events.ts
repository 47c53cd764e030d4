// What has been told of a key, and from when on events are told at all, in sealed records. One is written after the event is on record, so a
// crash in between puts it there again.
import { integer, text } from '../../formats/shape.ts';
import { type Follow, follow, keep } from '../../store/sealed/follow-records.ts';
import { recordKind, type ValueOf } from '../../store/sealed/record-kind.ts';

export type DeliveredEvent = ValueOf<typeof deliveredKind>;
export const sinceKind = recordKind({
  of: 'events-since',
  about: 'From when on events are told',
  travels: 'stays',
  members: { since: integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) },
});

/** `event-told/{name of the key in lower case}` */
export const deliveredKind = recordKind({
  of: 'event-told/',
  id: /^[0-9a-z-]{1,127}$/,
  about: 'Which events of a key were told of',
  travels: 'stays',
  /** Ordinal of the newest version that was told of. */
  members: { newVersion: integer(0, Number.MAX_SAFE_INTEGER) },
  /** `{version}:{exp}` whose near expiry, or expiry, was told. */
  optional: { nearExpiry: text, expired: text },
});

export class DeliveredEvents {
  readonly #told = new Map<string, DeliveredEvent>();
  #since: number | undefined;

  readonly follows: readonly Follow[] = [
    keep(deliveredKind, this.#told),
    follow(sinceKind, (_, record) => {
      this.#since = record?.since;
    }),
  ];

  find(name: string): DeliveredEvent | undefined {
    return this.#told.get(name.toLowerCase());
  }

  /** Unix seconds; undefined while events are off. */
  get since(): number | undefined {
    return this.#since;
  }
}
