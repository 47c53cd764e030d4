// The rehearsals of an instance in memory, fed by the sealed records `rehearsals/{id}`: what was stated, and the statement.
import { type Rehearsal, type RehearsalDepth, readRehearsal } from '../../formats/rehearsal-record.ts';
import { record, text } from '../../formats/shape.ts';
import { StoreError } from '../../store/port.ts';
import type { Change } from '../../store/sealed/records.ts';

export interface FiledRehearsal {
  readonly filedAt: string;
  readonly filedBy: string;
  /** To the byte as it was stated. */
  readonly record: string;
  readonly note: string;
}

export type KeptRehearsal = FiledRehearsal & { readonly rehearsal: Rehearsal };

const PREFIX = 'rehearsals/';
/** The oldest go when there are more; the log keeps their hashes. */
export const MAX_REHEARSALS = 100;

export class Rehearsals {
  readonly #all = new Map<string, KeptRehearsal>();

  /** Records of other features are left alone. */
  apply({ name, value }: Change): void {
    if (!name.startsWith(PREFIX)) return;
    const id = name.slice(PREFIX.length);
    if (value === null) this.#all.delete(id);
    else this.#all.set(id, decode(value));
  }

  get(id: string): KeptRehearsal | undefined {
    return this.#all.get(id);
  }

  /** Newest first. */
  list(): readonly (readonly [string, KeptRehearsal])[] {
    return [...this.#all].sort(([, a], [, b]) => (a.filedAt < b.filedAt ? 1 : -1));
  }

  /** The newest of a depth that ended so. */
  last(depth: RehearsalDepth, verdict: Rehearsal['verdict']): Rehearsal | undefined {
    return this.list().find(([, { rehearsal }]) => rehearsal.depth === depth && rehearsal.verdict === verdict)?.[1]
      .rehearsal;
  }
}

/** With the removal of those that are too many. */
export function filingChanges(rehearsals: Rehearsals, id: string, filed: FiledRehearsal): readonly Change[] {
  const spare = rehearsals.list().slice(MAX_REHEARSALS - 1);
  return [
    { name: PREFIX + id, value: Buffer.from(JSON.stringify(filed), 'utf8') },
    ...spare.map(([old]) => ({ name: PREFIX + old, value: null })),
  ];
}

const shape = record({ filedAt: text, filedBy: text, record: text, note: text });

function decode(value: Uint8Array): KeptRehearsal {
  try {
    const filed = shape(JSON.parse(Buffer.from(value).toString('utf8')), 'rehearsal');
    return { ...filed, rehearsal: readRehearsal(filed.record) };
  } catch (cause) {
    throw new StoreError('Damaged', 'the record of a rehearsal does not read', { cause });
  }
}
