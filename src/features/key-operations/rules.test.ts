import assert from 'node:assert/strict';
import { test } from 'node:test';
import { algorithms, type Operation } from '../../formats/algorithms.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { KeyVersion } from '../keys/key-version.ts';
import type { OperationRequest } from './read-operation.ts';
import { checkFits, checkUsable } from './rules.ts';

const ALL: readonly Operation[] = ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey', 'sign', 'verify'];

function key(attributes: Partial<KeyVersion['attributes']> = {}, changes: Partial<KeyVersion> = {}): KeyVersion {
  return {
    name: 'k',
    version: '0'.repeat(32),
    ordinal: 1,
    kty: 'oct-HSM',
    keyOps: ALL,
    publicKey: { kty: 'oct-HSM', size: 256 },
    attributes: { enabled: true, exportable: false, created: 1, updated: 1, ...attributes },
    blob: Buffer.alloc(0),
    blobId: 'b',
    ...changes,
  };
}

function innerCode(run: () => void): string | undefined {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ServiceError);
    assert.equal(error.status, 403);
    return error.innerCode;
  }
  return undefined;
}

test('a disabled key does nothing', () => {
  for (const operation of ALL)
    assert.equal(
      innerCode(() => checkUsable(key({ enabled: false }), operation, 50)),
      'KeyDisabled',
      operation,
    );
});

test('outside its validity a key makes nothing new but still decrypts, unwraps and verifies', () => {
  const cases: readonly (readonly [number, string | undefined])[] = [
    [99, 'KeyNotYetValid'],
    [100, undefined],
    [199, undefined],
    [200, 'KeyExpired'],
  ];
  for (const [now, refusal] of cases) {
    for (const operation of ALL) {
      const expected = ['encrypt', 'wrapKey', 'sign'].includes(operation) ? refusal : undefined;
      assert.equal(
        innerCode(() => checkUsable(key({ nbf: 100, exp: 200 }), operation, now)),
        expected,
        `${operation} at ${now}`,
      );
    }
  }
});

test('an operation outside key_ops is forbidden', () => {
  assert.equal(
    innerCode(() => checkUsable(key({}, { keyOps: ['decrypt'] }), 'encrypt', 50)),
    'KeyOperationForbidden',
  );
});

function refusal(operation: Operation, alg: string, request: Partial<OperationRequest>, apiVersion = '7.6'): string {
  const algorithm = algorithms.get(alg);
  assert.ok(algorithm);
  const complete = { algorithm, input: Buffer.alloc(32), proof: undefined, iv: undefined, aad: undefined, ...request };
  try {
    checkFits(key(), operation, complete, apiVersion);
  } catch (error) {
    assert.ok(error instanceof ServiceError);
    assert.equal(error.code, 'BadParameter');
    return error.message;
  }
  return '';
}

test('inputs that do not fit are refused by the name of the member', () => {
  assert.match(refusal('encrypt', 'A256GCM', { iv: Buffer.alloc(12) }), /'iv' must be left out/);
  assert.match(refusal('decrypt', 'A256GCM', { proof: Buffer.alloc(16) }), /'iv' is missing/);
  assert.match(refusal('decrypt', 'A256GCM', { iv: Buffer.alloc(12), proof: Buffer.alloc(15) }), /'tag' has 15 bytes/);
  assert.match(refusal('encrypt', 'A256CBC', {}), /'iv' is missing/);
  assert.match(refusal('wrapKey', 'A256KW', { iv: Buffer.alloc(8) }), /'iv' does not belong/);
  assert.match(refusal('encrypt', 'A128GCM', {}), /128 bits.*256/);
  assert.match(refusal('sign', 'RS256', {}), /does not fit a key of type oct-HSM/);
  assert.match(refusal('sign', 'HS256', {}, '7.5'), /needs api-version 7.6-preview.2/);
  assert.equal(refusal('encrypt', 'A256GCM', { aad: Buffer.from('a') }), '');
  assert.equal(refusal('sign', 'HS256', {}), '');
});
