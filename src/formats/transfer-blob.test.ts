import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ShapeError } from './shape.ts';
import { readTransferBlob, writeTransferBlob } from './transfer-blob.ts';

const KID = 'https://hsm.managedhsm.azure.net/keys/kek/0123456789abcdef0123456789abcdef';

test('what is written is read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 3000 }), fc.string({ maxLength: 100 }), (bytes, generator) => {
      const ciphertext = Buffer.from(bytes);
      const read = readTransferBlob(Buffer.from(writeTransferBlob({ kid: KID, ciphertext, generator })));
      assert.deepEqual(read, { kid: KID, ciphertext, generator: Buffer.from(generator).toString() });
    }),
  );
});

test('a file as other tools write it is read: padded base64url, members in another order, more of them', () => {
  const header = { enc: 'CKM_RSA_AES_KEY_WRAP', alg: 'dir', kid: KID, typ: 'x' };
  const file = JSON.stringify({
    generator: 'BYOK v1.0; Vendor 7',
    ciphertext: 'AAA=',
    header,
    schema_version: '1.0.0',
  });
  assert.deepEqual(readTransferBlob(Buffer.from(file)).ciphertext, Buffer.alloc(2));
});

test('whatever else is sent is refused with a field, never with another error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string(), fc.uint8Array()), (sent) => {
      assert.throws(() => readTransferBlob(Buffer.from(sent as string)), ShapeError);
    }),
  );
});
