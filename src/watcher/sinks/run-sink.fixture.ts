// In tests: a clock that nobody has to wait for, and a log in memory.
import type { Clock, SentLog } from './run-sink.ts';
import type { LogIdentity } from './sink.ts';

export const IDENTITY: LogIdentity = {
  origin: 'strongroom/7f2b6a52-0d5e-4a52-9f44-6f2f1f0a9b11',
  id: '7f2b6a52-0d5e-4a52-9f44-6f2f1f0a9b11',
  name: 'test',
  resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/managedHSMs/test',
};

export interface MovedClock extends Clock {
  /** Pauses end at once, after this has been told of each. */
  readonly paused: number[];
}

export function movedClock(start = Date.UTC(2026, 10, 28)): MovedClock {
  let now = start;
  const paused: number[] = [];
  return {
    paused,
    now: () => now,
    load: () => 1,
    async pause(ms, stopping) {
      if (stopping.aborted) return;
      paused.push(ms);
      now += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** As many reads as entries, `step` at a time. */
export function logOf(entries: readonly Buffer[], step = 3): SentLog {
  return {
    identity: IDENTITY,
    size: () => entries.length,
    open(next) {
      let at = next;
      return {
        previous: () => entries[at - 1],
        read() {
          const found = entries.slice(at, at + step);
          const first = at;
          at += found.length;
          return found.length === 0 ? undefined : { first, entries: found };
        },
      };
    },
  };
}

export function entryAt(index: number, filler = ''): Buffer {
  const time = new Date(Date.UTC(2026, 10, 27, 0, 0, index)).toISOString();
  return Buffer.from(
    `{"time":"${time}","operationName":"KeySign","resultType":"Success","httpStatusCode":200,"correlationId":"c-${index}","filler":"${filler}"}`,
  );
}
