import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sample } from '../../formats/metric-table.ts';
import { keyCensus } from './key-census.ts';
import type { KeyIndex } from './key-index.ts';
import type { KeyVersion } from './key-version.ts';

const DAY = 86_400;
const NOW = 2_000 * DAY;

interface Attributes {
  readonly created: number;
  readonly enabled?: boolean;
  readonly nbf?: number;
  readonly exp?: number;
}

/** As much of an index as is asked, over keys that the test may change. */
function indexOf(live: Attributes[], deleted: Attributes[] = []): KeyIndex {
  const named = (all: Attributes[]): KeyVersion[] =>
    all.map(
      (attributes, nth) =>
        ({ name: String(nth).padStart(6, '0'), attributes: { enabled: true, ...attributes } }) as unknown as KeyVersion,
    );
  const page = (all: Attributes[], after: string | undefined, count: number): KeyVersion[] =>
    named(all)
      .filter(({ name }) => after === undefined || name > after)
      .slice(0, count);
  return {
    get size() {
      return live.length;
    },
    get deletedSize() {
      return deleted.length;
    },
    listAfter: (after: string | undefined, count: number) => page(live, after, count),
    listDeletedAfter: (after: string | undefined, count: number) =>
      page(deleted, after, count).map((key) => ({ key, deleted: {} })),
  } as unknown as KeyIndex;
}

function found(samples: readonly Sample[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    samples.filter(({ value }) => value > 0).map(({ labels, value }) => [Object.values(labels ?? {}).join(' '), value]),
  );
}

test('each key is counted once, by the state and the age of its newest version', async () => {
  const keys = indexOf(
    [
      { created: NOW },
      { created: NOW - 30 * DAY },
      { created: NOW - 364 * DAY, exp: NOW + 30 * DAY },
      { created: NOW - 365 * DAY, exp: NOW },
      { created: NOW - 729 * DAY, nbf: NOW + 1 },
      { created: NOW - 730 * DAY, enabled: false, exp: NOW - 1 },
      { created: NOW - 5, exp: NOW + 30 * DAY + 1 },
    ],
    [{ created: NOW - 31 * DAY }],
  );
  assert.deepEqual(
    found(
      await keyCensus(
        keys,
        () => NOW,
        () => 0,
      )(),
    ),
    {
      'enabled 30d': 2,
      'enabled 90d': 1,
      'expiring 365d': 1,
      'expired 730d': 1,
      'pending 730d': 1,
      'disabled older': 1,
      'deleted 90d': 1,
    },
  );
});

test('few are counted whenever it is asked, many once a minute', async () => {
  let elapsed = 0;
  const live: Attributes[] = [{ created: NOW }];
  const census = keyCensus(
    indexOf(live),
    () => NOW,
    () => elapsed,
  );
  await census();
  live.push({ created: NOW });
  assert.deepEqual(found(await census()), { 'enabled 30d': 2 });
  live.push(...Array.from({ length: 2_000 }, () => ({ created: NOW })));
  assert.deepEqual(found(await census()), { 'enabled 30d': 2 }, 'now there are many');
  elapsed = 60;
  assert.deepEqual(found(await census()), { 'enabled 30d': 2_002 });
  live.push({ created: NOW });
  elapsed = 119;
  assert.deepEqual(found(await census()), { 'enabled 30d': 2_002 });
});
