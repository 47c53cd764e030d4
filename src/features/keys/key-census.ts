// How many keys there are in which state, and how old their newest versions are. Counted in small parts, between which requests are
// served, and kept for a while where there are many: an instance may have hundreds of thousands.
import { setImmediate } from 'node:timers/promises';
import { AGES, KEY_STATES, type Sample } from '../../formats/metric-table.ts';
import type { KeyIndex } from './key-index.ts';
import type { KeyVersion } from './key-version.ts';

type State = (typeof KEY_STATES)[number];

const DAY = 86_400;
/** Tens of microseconds. */
const AT_ONCE = 200;
const KEPT_SECONDS = 60;
/** So few are counted whenever it is asked. */
const FEW = 2_000;
const EXPIRING_SECONDS = 30 * DAY;
const AGE_DAYS: readonly number[] = [30, 90, 365, 730];

interface Census {
  readonly at: number;
  readonly counted: Promise<readonly Sample[]>;
}

/** @param elapsed seconds of a clock that only goes forward @param now Unix seconds of the instance's */
export function keyCensus(keys: KeyIndex, now: () => number, elapsed: () => number): () => Promise<readonly Sample[]> {
  let last: Census | undefined;
  return () => {
    const keptFor = keys.size + keys.deletedSize <= FEW ? 0 : KEPT_SECONDS;
    if (last === undefined || elapsed() - last.at >= keptFor) last = { at: elapsed(), counted: count(keys, now()) };
    return last.counted;
  };
}

async function count(keys: KeyIndex, now: number): Promise<readonly Sample[]> {
  const counts = new Map<string, number>();
  const add = (key: KeyVersion, state: State): void => {
    const at = `${state} ${ageOf(key, now)}`;
    counts.set(at, (counts.get(at) ?? 0) + 1);
  };
  for (let after: string | undefined, some: KeyVersion[]; ; await setImmediate()) {
    some = [...keys.listAfter(after, AT_ONCE)];
    for (const key of some) add(key, stateOf(key, now));
    if (some.length === 0) break;
    after = some.at(-1)?.name;
  }
  for (let after: string | undefined; ; await setImmediate()) {
    const some = [...keys.listDeletedAfter(after, AT_ONCE)];
    for (const { key } of some) add(key, 'deleted');
    if (some.length === 0) break;
    after = some.at(-1)?.key.name;
  }
  return KEY_STATES.flatMap((state) =>
    AGES.map((age) => ({ name: 'strongroom_keys', labels: { state, age }, value: counts.get(`${state} ${age}`) ?? 0 })),
  );
}

function stateOf({ attributes: { enabled, nbf, exp } }: KeyVersion, now: number): State {
  if (!enabled) return 'disabled';
  if (exp !== undefined && now >= exp) return 'expired';
  if (nbf !== undefined && now < nbf) return 'pending';
  return exp !== undefined && exp - now <= EXPIRING_SECONDS ? 'expiring' : 'enabled';
}

function ageOf({ attributes: { created } }: KeyVersion, now: number): (typeof AGES)[number] {
  const older = AGE_DAYS.findIndex((days) => now - created < days * DAY);
  return AGES[older < 0 ? AGE_DAYS.length : older] ?? 'older';
}
