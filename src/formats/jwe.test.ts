import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { CompactEncrypt, compactDecrypt } from 'jose';
import { decryptDirect, encryptDirect, JweError } from './jwe.ts';
import { decryptWithRsa, encryptToRsa } from './jwe-rsa.ts';
import { kdfCounter } from './kdf.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

test('the direct form gives the known answer', () => {
  const key = kdfCounter(Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 'hsm_backup', '', 512);
  const iv = Buffer.from(Array.from({ length: 16 }, (_, i) => 0xa0 + i));
  const jwe = encryptDirect(key, 'hsm_backup', Buffer.from('hello security domain'), iv);
  assert.equal(
    jwe,
    'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2Q0JDLUhTNTEyIiwia2lkIjoiaHNtX2JhY2t1cCJ9..oKGio6SlpqeoqaqrrK2urw.OhhJRBTWrhjPk_qQL4GpXcKeTS4RYK8VoxBpAkPrjqk.zi5BAeWhVO4dycGfZ0kSbieT1Rw53IClyRXXCq1ZhbU',
  );
  assert.equal(decryptDirect(key, jwe).toString(), 'hello security domain');
});

test('a standard JOSE library opens what we write, and we open what it writes', async () => {
  const key = randomBytes(64);
  const text = Buffer.from('a secret');
  const direct = await compactDecrypt(encryptDirect(key, 'k', text), key);
  assert.deepEqual(Buffer.from(direct.plaintext), text);
  const wrapped = await compactDecrypt(encryptToRsa(publicKey, 'not used', text), privateKey);
  assert.deepEqual(wrapped.protectedHeader, { alg: 'RSA-OAEP-256', enc: 'A256CBC-HS512', kid: 'not used' });
  const theirs = await new CompactEncrypt(text)
    .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256CBC-HS512' })
    .encrypt(publicKey);
  assert.deepEqual(decryptWithRsa(privateKey, theirs), text);
});

test('any changed byte of any part is refused', () => {
  const key = randomBytes(64);
  const jwe = encryptDirect(key, 'k', Buffer.from('secret'));
  fc.assert(
    fc.property(fc.nat({ max: jwe.length - 1 }), fc.constantFrom(...'AZaz09-_.'), (at, character) => {
      fc.pre(jwe[at] !== character);
      assert.throws(() => decryptDirect(key, jwe.slice(0, at) + character + jwe.slice(at + 1)), JweError);
    }),
  );
});

test('a tag of another length is refused, not skipped', () => {
  const key = randomBytes(64);
  const parts = encryptDirect(key, 'k', Buffer.from('secret')).split('.');
  for (const tag of ['', 'AAAA', `${parts[4]}AAAA`, (parts[4] as string).slice(0, -4)]) {
    assert.throws(() => decryptDirect(key, [...parts.slice(0, 4), tag].join('.')), JweError);
  }
});

test('another algorithm, another key and nonsense are refused', () => {
  const jwe = encryptToRsa(publicKey, 'k', Buffer.from('secret'));
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  assert.throws(() => decryptWithRsa(other, jwe), JweError);
  assert.throws(() => decryptDirect(randomBytes(64), jwe), JweError);
  assert.throws(() => decryptDirect(randomBytes(32), encryptDirect(randomBytes(64), 'k', randomBytes(4))), JweError);
  for (const text of ['', '....', 'bnVsbA....', 'W10....', 'a.b.c']) {
    assert.throws(() => decryptWithRsa(privateKey, text), JweError);
  }
});
