import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { LibcryptoError, loadLibcrypto } from './libcrypto.ts';

const library = loadLibcrypto();

test('a library that is missing or too old is passed over for what node has', () => {
  assert.match(loadLibcrypto(['/nowhere/libcrypto.so.3']).version, /in node/);
});

test('buffers that a call could overrun are refused before the call', async () => {
  const cipher = library.openCipher('AES-256-GCM', 'encrypt', randomBytes(32), { ivLength: 12, padding: false });
  assert.throws(() => library.startMessage(cipher, randomBytes(11)), LibcryptoError);
  library.startMessage(cipher, randomBytes(12));
  assert.throws(() => library.update(cipher, Buffer.alloc(32), Buffer.alloc(63)), LibcryptoError);
  assert.throws(() => library.finish(cipher, Buffer.alloc(15)), LibcryptoError);
  assert.throws(() => library.readTag(cipher, Buffer.alloc(12)), LibcryptoError);
  assert.throws(() => library.expectTag(cipher, Buffer.alloc(17)), LibcryptoError);
  library.freeCipher(cipher);
  const shape = { ivLength: 12, padding: false };
  assert.throws(() => library.openCipher('AES-256-GCM', 'encrypt', randomBytes(16), shape), LibcryptoError);
  assert.throws(() => library.openCipher('NO-SUCH', 'encrypt', randomBytes(16), shape), LibcryptoError);

  const key = await library.generateRsa([['rsa_keygen_bits', '2048']]);
  const context = library.openContext(key, 'sign', [['digest', 'sha256']]);
  assert.throws(() => library.run(context, randomBytes(32), Buffer.alloc(255)), LibcryptoError);
  assert.equal(library.run(context, randomBytes(32), Buffer.alloc(256)), 256);
  assert.throws(() => library.run(context, randomBytes(33), Buffer.alloc(256)), LibcryptoError);
  library.freeContext(context);
  library.freeKey(key);
});

test('a freed handle is never passed on', () => {
  const key = library.generateEc([['ec_paramgen_curve', 'prime256v1']]);
  const context = library.openContext(key, 'sign', []);
  library.freeContext(context);
  library.freeContext(context);
  assert.throws(() => library.run(context, randomBytes(32), Buffer.alloc(100)), LibcryptoError);
  library.freeKey(key);
  library.freeKey(key);
  assert.throws(() => library.writePrivateKey(key), LibcryptoError);
  assert.throws(() => library.openContext(key, 'sign', []), LibcryptoError);
});
