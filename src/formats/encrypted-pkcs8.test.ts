import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { encryptPkcs8, ITERATIONS } from './encrypted-pkcs8.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });

test('what is encrypted is read with its passphrase, also one beyond ASCII, and with no other', () => {
  for (const passphrase of ['correct horse battery', 'Zürich näht grüne Hüte']) {
    const pem = encryptPkcs8(pkcs8, passphrase);
    assert.ok(createPrivateKey({ key: pem, passphrase }).equals(privateKey));
    assert.throws(() => createPrivateKey({ key: pem, passphrase: `${passphrase}!` }));
  }
});

test('OpenSSL reads it, and says how much work a guess is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
  try {
    writeFileSync(join(folder, 'key.pem'), encryptPkcs8(pkcs8, 'correct horse battery'));
    writeFileSync(join(folder, 'phrase'), 'correct horse battery');
    const openssl = (...words: string[]): string => execFileSync('openssl', words, { cwd: folder }).toString();
    const der = execFileSync(
      'openssl',
      ['pkcs8', '-in', 'key.pem', '-passin', 'file:phrase', '-outform', 'DER', '-nocrypt', '-topk8'],
      { cwd: folder },
    );
    assert.ok(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).equals(privateKey));
    const structure = openssl('asn1parse', '-in', 'key.pem');
    assert.match(structure, /PBES2[\s\S]+PBKDF2[\s\S]+hmacWithSHA256[\s\S]+aes-256-cbc/);
    assert.match(structure, new RegExp(`INTEGER +:0?${ITERATIONS.toString(16)}\\b`, 'i'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the same key under the same passphrase never looks the same', () => {
  assert.notEqual(encryptPkcs8(pkcs8, 'correct horse battery'), encryptPkcs8(pkcs8, 'correct horse battery'));
});
