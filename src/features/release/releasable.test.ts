import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyVersion } from '../keys/key-version.ts';
import { requireReleasable } from './release-key.ts';

const releasePolicy = { contentType: 'application/json; charset=utf-8', data: 'e30', immutable: false };
const plain: KeyVersion = {
  name: 'k',
  version: '0'.repeat(32),
  ordinal: 1,
  kty: 'oct-HSM',
  keyOps: ['encrypt'],
  publicKey: { kty: 'oct-HSM', size: 256 },
  attributes: { enabled: true, exportable: false, created: 1, updated: 1 },
  blob: Buffer.from('sealed'),
  blobId: '1',
};
const leaving: KeyVersion = { ...plain, attributes: { ...plain.attributes, exportable: true }, releasePolicy };

test('an exportable key with a policy is released; a disabled one, one without, and one that wraps for enclaves is not', () => {
  assert.equal(requireReleasable(leaving), releasePolicy);
  const refused = (key: KeyVersion, innerCode: string): void =>
    assert.throws(() => requireReleasable(key), { code: 'Forbidden', innerCode });
  refused(plain, 'KeyNotExportable');
  refused({ ...plain, keyOps: ['secureWrapKey'], releasePolicy }, 'KeyNotExportable');
  // As such keys were made once.
  refused({ ...leaving, keyOps: ['secureUnwrapKey'] }, 'KeyNotExportable');
  refused({ ...leaving, attributes: { ...leaving.attributes, enabled: false } }, 'KeyDisabled');
});
