import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkUsable } from '../../src/features/key-operations/rules.ts';
import type { KeyVersion } from '../../src/features/keys/key-version.ts';
import { retirementBy } from '../../src/features/keys/retirement.ts';
import type { UpdateKey } from '../../src/features/keys/update.ts';
import { type Operation, operations } from '../../src/formats/algorithms.ts';

const LOGGED: Readonly<Record<Operation, string>> = {
  encrypt: 'KeyEncrypt',
  decrypt: 'KeyDecrypt',
  wrapKey: 'KeyWrap',
  unwrapKey: 'KeyUnwrap',
  sign: 'KeySign',
  verify: 'KeyVerify',
};
const ALL = Object.keys(operations) as Operation[];
const NOW = 1_000_000_000;
const DAYS = 30;
const time = fc.option(fc.integer({ min: NOW - 40 * 86_400, max: NOW + 40 * 86_400 }), { nil: undefined });
const attributes = fc.record({ enabled: fc.boolean(), nbf: time, exp: time });
const keyOps = fc.subarray(ALL);

function possible(key: KeyVersion, operation: Operation, at: number): boolean {
  try {
    checkUsable(key, operation, at);
    return true;
  } catch {
    return false;
  }
}

test('whatever a change takes away now or by an end within the days is named, and nothing that it leaves', () => {
  fc.assert(
    fc.property(
      attributes,
      keyOps,
      fc.record({ enabled: fc.boolean(), nbf: time, exp: time }, { requiredKeys: [] }),
      fc.option(keyOps, { nil: undefined }),
      (had, ops, asked, kept) => {
        const before = { name: 'k', version: '0'.repeat(32), keyOps: ops, attributes: had } as unknown as KeyVersion;
        const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
        const after = { ...before, keyOps: kept ?? ops, attributes: { ...had, ...given } } as unknown as KeyVersion;
        const found = retirementBy(before, { attributes: given, keyOps: kept, releasePolicy: undefined }, NOW, DAYS);
        // Whenever somebody looks within the days: what is possible with the key as it was, and not as it is to be.
        const ends = [had.nbf, had.exp, after.attributes.nbf, after.attributes.exp].filter(
          (each) => each !== undefined,
        );
        const moments = [NOW, NOW + DAYS * 86_400, ...ends].filter((at) => at >= NOW && at <= NOW + DAYS * 86_400);
        const named = (operation: Operation): boolean =>
          found !== undefined && (found.operations?.has(LOGGED[operation]) ?? true);
        for (const operation of ALL) {
          if (moments.some((at) => possible(before, operation, at) && !possible(after, operation, at)))
            assert.ok(named(operation), `${operation} is lost`);
        }
        if (
          had.enabled &&
          after.attributes.enabled &&
          had.exp === after.attributes.exp &&
          had.nbf === after.attributes.nbf
        )
          for (const operation of kept ?? ops)
            if (ops.includes(operation)) assert.ok(!named(operation), `${operation} is left`);
        if (!had.enabled) assert.equal(found, undefined);
      },
    ),
  );
});

test('an operation for enclaves that is taken out of a key is named, and so is what another release policy may take', () => {
  const key = {
    ...{ name: 'k', version: '0'.repeat(32), attributes: { enabled: true } },
    keyOps: ['secureWrapKey', 'secureUnwrapKey'],
    releasePolicy: { contentType: 'application/json', data: 'e30', immutable: false },
  } as unknown as KeyVersion;
  const lostBy = (asked: Partial<UpdateKey>, from = key): readonly string[] => {
    const all = { attributes: {}, keyOps: undefined, releasePolicy: undefined, ...asked };
    return [...(retirementBy(from, all, NOW, DAYS)?.operations ?? [])].sort();
  };
  assert.deepEqual(lostBy({ keyOps: ['secureWrapKey'] }), ['KeySecureUnwrap']);
  assert.deepEqual(lostBy({ keyOps: ['secureUnwrapKey'] }), ['KeySecureWrap']);
  assert.deepEqual(lostBy({ releasePolicy: { data: 'e30K' } }), ['KeyRelease', 'KeySecureUnwrap']);
  assert.deepEqual(lostBy({ releasePolicy: { data: 'e30', immutable: true } }), []);
  const { releasePolicy: _none, ...without } = key;
  assert.deepEqual(lostBy({ releasePolicy: { data: 'e30K' } }, without), [], 'it cannot be given one');
});
