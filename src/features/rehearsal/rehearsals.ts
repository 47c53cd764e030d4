// The rehearsals of an instance in memory, fed by sealed records: what was stated, and the statement.
import { type Rehearsal, type RehearsalDepth, readRehearsal } from '../../formats/rehearsal-record.ts';
import { ShapeError, text } from '../../formats/shape.ts';
import { type Follow, follow } from '../../store/sealed/follow-records.ts';
import { recordKind, type ValueOf } from '../../store/sealed/record-kind.ts';
import type { Change } from '../../store/sealed/records.ts';

export type FiledRehearsal = ValueOf<typeof rehearsalKind>;
export type KeptRehearsal = FiledRehearsal & { readonly rehearsal: Rehearsal };

export const rehearsalKind = recordKind({
  of: 'rehearsals/',
  about: 'A rehearsal that was filed: its record as it was stated, and the statement',
  travels: 'stays',
  /** `record`: to the byte as it was stated. */
  members: { filedAt: text, filedBy: text, record: text, note: text },
  check({ record }) {
    try {
      readRehearsal(record);
    } catch (cause) {
      throw new ShapeError('what was rehearsed does not read', { cause });
    }
  },
});
/** The oldest go when there are more; the log keeps their hashes. */
export const MAX_REHEARSALS = 100;

export class Rehearsals {
  readonly #all = new Map<string, KeptRehearsal>();

  readonly follows: readonly Follow[] = [
    follow(rehearsalKind, (id, filed) => {
      if (filed === undefined) this.#all.delete(id);
      else this.#all.set(id, { ...filed, rehearsal: readRehearsal(filed.record) });
    }),
  ];

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
  return [rehearsalKind.put(id, filed), ...spare.map(([old]) => rehearsalKind.remove(old))];
}
