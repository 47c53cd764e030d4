// Records whose updates are committed many at a time, so that filling a store waits for the disk once per group. The plans
// are the service's own and see the state that they commit to; that no two of a group touch one key is for the caller.
import type { Change, Head, Records } from '../../src/store/sealed/records.ts';

interface Waiting {
  readonly plan: Parameters<Records['update']>[0];
  resolve(head: Head): void;
  reject(error: unknown): void;
}

/** @param records stay the caller's, who closes them */
export function groupedRecords(records: Records): Records {
  let waiting: Waiting[] = [];
  let running: Promise<void> | undefined;

  async function commitAll(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      try {
        const head = await records.update(() => group.flatMap(({ plan }): readonly Change[] => plan()));
        for (const { resolve } of group) resolve(head);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    running = undefined;
  }

  return {
    get head() {
      return records.head;
    },
    refresh: () => records.refresh(),
    update: (plan) =>
      new Promise((resolve, reject) => {
        waiting.push({ plan, resolve, reject });
        running ??= Promise.resolve().then(commitAll);
      }),
    async [Symbol.asyncDispose]() {
      await running;
    },
  };
}
