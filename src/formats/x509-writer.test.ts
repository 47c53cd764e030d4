import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { recipientCertificate } from './x509-writer.ts';

test('a recipient certificate is signed by its own key and says that one encrypts to it', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const serial = randomBytes(16);
  serial[0] = 0x41;
  const der = recipientCertificate(
    {
      serial,
      subject: 'unlock dev',
      notBefore: 1_700_000_000,
      publicKey: publicKey.export({ format: 'der', type: 'spki' }),
    },
    (toSign) => sign('sha256', toSign, privateKey),
  );
  const certificate = new X509Certificate(der);
  assert.ok(certificate.raw.equals(der));
  assert.ok(certificate.verify(publicKey));
  assert.ok(certificate.checkPrivateKey(privateKey));
  assert.ok(!certificate.ca);
  assert.match(certificate.subject, /CN=unlock dev/);
  assert.equal(certificate.serialNumber, serial.toString('hex').toUpperCase());
});
