// All that a backup holds of an instance, as it is at one head. Taken in one go and never changed afterwards: key versions
// are replaced in memory, not edited, so what is changed or purged meanwhile stays in the view as it was.
import { type Follow, follow, holding, travelling } from '../../store/sealed/follow-records.ts';
import type { RecordKind } from '../../store/sealed/record-kind.ts';
import type { Change, Head, Records } from '../../store/sealed/records.ts';
import type { KeyIndex } from '../keys/key-index.ts';
import type { KeyVersion } from '../keys/key-version.ts';

interface KeyInView {
  /** Lower case. */
  readonly name: string;
  /** Oldest first. Of deleted keys too. */
  readonly versions: readonly KeyVersion[];
}

export interface View {
  readonly head: Head;
  /** By ascending names. */
  readonly keys: readonly KeyInView[];
  readonly texts: ReadonlyMap<string, string>;
}

export interface Viewed {
  readonly keys: KeyIndex;
  readonly texts: TextRecords;
  readonly records: Pick<Records, 'head'>;
}

/** Synchronous, for nothing may come between. */
export function takeView({ keys, texts, records }: Viewed): View {
  return { head: records.head, keys: keys.snapshot(), texts: texts.snapshot() };
}

/**
 * The records that a backup holds as they are, in memory: everything that travels and is no key. Kept as text, which is small
 * beside the keys, so that a backup can be of one moment without reading the store.
 */
export class TextRecords {
  readonly #texts = new Map<string, string>();
  readonly follows: readonly Follow[];

  /** @param kinds all that an instance has */
  constructor(kinds: readonly RecordKind[]) {
    const travels = travelling(kinds);
    this.follows = kinds
      .filter((kind) => kind.travels === 'text')
      .map((kind) =>
        follow(
          kind,
          (_id, _value, change) => {
            if (travels(change.name) === 'text') this.#take(change);
          },
          (id) => holding(this.#texts, kind.of + id),
        ),
      );
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
