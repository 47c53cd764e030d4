import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { throwAwayCertificate } from './throw-away-certificate.ts';

test('the certificate is for the name, for now, and signed by its own key', () => {
  const { key, certificate } = throwAwayCertificate('dev.managedhsm.azure.net');
  const parsed = new X509Certificate(certificate);
  assert.equal(parsed.checkHost('dev.managedhsm.azure.net'), 'dev.managedhsm.azure.net');
  assert.equal(parsed.checkHost('other.managedhsm.azure.net'), undefined);
  assert.ok(parsed.checkPrivateKey(createPrivateKey(key)));
  assert.ok(parsed.verify(parsed.publicKey));
  assert.ok(Date.parse(parsed.validFrom) < Date.now() && Date.now() < Date.parse(parsed.validTo));
});
