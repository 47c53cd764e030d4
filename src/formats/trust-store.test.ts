import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { skipUnless } from '../../test/system-programs.ts';
import { TRUST_STORE_PASSWORD, trustStore } from './trust-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-trust-store-'));
after(() => rmSync(folder, { recursive: true }));

// Real ones, and so many that their length takes three bytes.
const certificates = rootCertificates.map((pem, index) => ({
  name: index === 0 ? 'strongröom' : `system-${index}`,
  der: new X509Certificate(pem).raw,
}));
const file = join(folder, 'trust.p12');
writeFileSync(file, trustStore(certificates));

test('the same certificates make the same file, and are left as they were', () => {
  const [first] = certificates;
  assert.deepEqual(trustStore(certificates), trustStore(certificates));
  assert.equal(new X509Certificate(rootCertificates[0] ?? '').raw.equals(first?.der ?? Buffer.of()), true);
});

test('OpenSSL finds every certificate and checks the MAC', { skip: skipUnless('openssl') }, () => {
  const read = (password: string) =>
    spawnSync('openssl', ['pkcs12', '-in', file, '-nokeys', '-passin', `pass:${password}`], { encoding: 'utf8' });
  const { stdout, stderr, status } = read(TRUST_STORE_PASSWORD);
  assert.equal(status, 0, stderr);
  const found = stdout.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
  assert.deepEqual(
    found.map((pem) => new X509Certificate(pem).fingerprint256),
    certificates.map((each) => new X509Certificate(each.der).fingerprint256),
  );
  assert.equal(stdout.split('2.16.840.1.113894.746875.1.1: ').length - 1, certificates.length);
  assert.match(read('other').stderr, /mac verify/i);
});

test('Java takes every certificate as trusted', { skip: skipUnless('java') }, () => {
  const listed = execFileSync(
    'keytool',
    ['-list', '-keystore', file, '-storetype', 'PKCS12', '-storepass', TRUST_STORE_PASSWORD, '-J-Dfile.encoding=UTF-8'],
    { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8' } },
  );
  assert.equal(listed.match(/trustedCertEntry/g)?.length, certificates.length);
  const fingerprints = new Set(listed.match(/(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/g));
  for (const each of certificates) assert.ok(fingerprints.has(new X509Certificate(each.der).fingerprint256), each.name);
  assert.match(listed, /^system-1, /m);
});
