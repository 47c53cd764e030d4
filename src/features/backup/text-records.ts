// The records that a backup holds as they are, in memory: everything that travels and is no key. Kept as text, which is
// small beside the keys, so that a backup can be of one moment without reading the store.
import { type Follow, feeding, follow, travelling } from '../../store/sealed/follow-records.ts';
import type { RecordKind } from '../../store/sealed/record-kind.ts';
import type { Apply, Change } from '../../store/sealed/records.ts';

export class TextRecords {
  readonly #texts = new Map<string, string>();
  readonly follows: readonly Follow[];
  readonly apply: Apply;

  /** @param kinds all that an instance has */
  constructor(kinds: readonly RecordKind[]) {
    const travels = travelling(kinds);
    this.follows = kinds
      .filter((kind) => kind.travels === 'text')
      .map((kind) =>
        follow(kind, (_id, _value, change) => {
          if (travels(change.name) === 'text') this.#take(change);
        }),
      );
    this.apply = feeding(this.follows);
  }

  #take({ name, value }: Change): void {
    if (value === null) this.#texts.delete(name);
    else this.#texts.set(name, Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8'));
  }

  /** A copy, as of now. */
  snapshot(): ReadonlyMap<string, string> {
    return new Map(this.#texts);
  }
}
