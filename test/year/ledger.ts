// What the year did with keys, as whoever did it counts: principal, version, operation.
import assert from 'node:assert/strict';
import type { KeyRow } from '../../src/features/usage/views.ts';

/** Words of the API, and how the log names them. */
export const OPERATIONS = { sign: 'KeySign', verify: 'KeyVerify', encrypt: 'KeyEncrypt', wrapkey: 'KeyWrap' } as const;
export type Operation = keyof typeof OPERATIONS;

export class Ledger {
  readonly #counts = new Map<string, number>();

  /** @param kid as the answer names the version */
  count(hsm: string, principal: string, operation: Operation, kid: string): void {
    const [, , key = '', version = ''] = new URL(kid).pathname.split('/');
    const row = [hsm, principal, OPERATIONS[operation], key, version].join(' ');
    this.#counts.set(row, (this.#counts.get(row) ?? 0) + 1);
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Rows of these operations are those of the ledger, and no others. */
  assertSame(hsm: string, rows: readonly KeyRow[]): void {
    const names = new Set<string>(Object.values(OPERATIONS));
    const told = rows
      .filter(({ operation }) => names.has(operation))
      .map(
        ({ principal, operation, key, version, count }) =>
          `${hsm} ${principal} ${operation} ${key} ${version}: ${count}`,
      );
    const own = [...this.#counts]
      .filter(([row]) => row.startsWith(`${hsm} `))
      .map(([row, count]) => `${row}: ${count}`);
    assert.ok(own.length > 0);
    assert.deepEqual(told.sort(), own.sort());
  }
}
