// The records that a backup holds as they are, in memory: everything that travels and is no key. Kept as text, which is
// small beside the keys, so that a backup can be of one moment without reading the store.
import type { Change } from '../../store/sealed/records.ts';
import { travels } from './what-travels.ts';

export class TextRecords {
  readonly #texts = new Map<string, string>();

  /** Takes a change of a record that travels as text; leaves others alone. */
  apply({ name, value }: Change): void {
    if (travels(name) !== 'text') return;
    if (value === null) this.#texts.delete(name);
    else this.#texts.set(name, Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8'));
  }

  get(name: string): string | undefined {
    return this.#texts.get(name);
  }

  /** A copy, as of now. */
  snapshot(): ReadonlyMap<string, string> {
    return new Map(this.#texts);
  }
}
