import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { holderCertificate, recipientCertificate } from './x509-writer.ts';

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

test("a holder's certificate names the person alone, ends when it is told to, and its key may sign", () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  for (const [notAfter, ends] of [
    [2_000_000_000, 'May 18 03:33:20 2033 GMT'],
    [4_000_000_000, 'Oct  2 07:06:40 2096 GMT'],
  ] as const) {
    const der = holderCertificate(
      {
        serial: Buffer.of(0x41, 2, 3),
        subject: 'anna',
        notBefore: 1_700_000_000,
        notAfter,
        publicKey: publicKey.export({ format: 'der', type: 'spki' }),
      },
      (toSign) => sign('sha256', toSign, privateKey),
    );
    const certificate = new X509Certificate(der);
    assert.equal(certificate.subject, 'CN=anna');
    assert.equal(certificate.issuer, 'CN=anna');
    assert.equal(certificate.validTo, ends);
    assert.ok(certificate.raw.equals(der) && certificate.verify(publicKey) && !certificate.ca);
    // KeyUsage: digitalSignature, keyEncipherment, dataEncipherment.
    assert.ok(der.includes(Buffer.from('0603551d0f0101ff0404030204b0', 'hex')));
  }
});
