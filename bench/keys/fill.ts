// Fills the store of a stopped instance with keys by the service's own way of making them: the real module, the records
// that `create` writes, and the real store. Only the audit log is left out: the next start completes it, as after a crash.
import { randomBytes } from 'node:crypto';
import type { KeyMaking } from '../../src/features/keys/add-version.ts';
import { createKey, readCreateKey } from '../../src/features/keys/create.ts';
import { filledName, VERSIONS, versionsOf } from './filled-keys.ts';
import { openStoppedInstance } from './stopped-instance.ts';

const AT_ONCE = 512;
/** What the many keys are: made quickly, with a public key like most. */
const KIND = { kty: 'EC-HSM', crv: 'P-256' };

/** Makes keys `from` to `to` - 1. @param data the product's data directory; nothing else has it in use */
export async function fillStore(data: string, instance: string, from: number, to: number): Promise<void> {
  await using stopped = await openStoppedInstance(data, instance);
  const { records, state } = stopped;
  const { keys, limits } = state;
  const now = (): number => Math.floor(Date.now() / 1000);
  const making: KeyMaking = {
    keys,
    crypto: stopped.crypto,
    now,
    limits,
    randomHex: (n) => randomBytes(n).toString('hex'),
  };
  const create = (number: number): Promise<unknown> =>
    createKey(filledName(number), readCreateKey(KIND), (plan) => records.update(plan), making);

  // One version of every key in each round: the next version of a key is made on the one before.
  for (let round = 1; round <= VERSIONS; round++) {
    const numbers = numbersBetween(from, to).filter((number) => versionsOf(number) >= round);
    for (let at = 0; at < numbers.length; at += AT_ONCE) {
      await Promise.all(numbers.slice(at, at + AT_ONCE).map(create));
    }
  }
}

function numbersBetween(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
