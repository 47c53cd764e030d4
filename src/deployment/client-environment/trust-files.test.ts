import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { places } from '../data-layout.ts';
import { caForNode, systemRoots, writeTrustFiles } from './trust-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-trust-'));
after(() => rmSync(folder, { recursive: true }));
const [own = '', first = '', second = ''] = rootCertificates;
const store = join(folder, 'system.pem');
const at = places(join(folder, 'data'));
mkdirSync(at.ca, { recursive: true });
writeFileSync(at.caCertificate, `${own}\n`);

test('the first store that has certificates is the system’s, each certificate once, without what is between them', () => {
  writeFileSync(store, `# first\n${first}\n# again\n${first}\n${second}`);
  const empty = join(folder, 'empty.pem');
  writeFileSync(empty, '# none yet\n');
  assert.deepEqual(systemRoots([join(folder, 'absent'), empty, store]), { file: store, certificates: [first, second] });
  assert.deepEqual(systemRoots([folder]), { certificates: rootCertificates });
});

test('the bundle has the development authority and the system’s, and follows both', async () => {
  await writeTrustFiles(at, systemRoots([store]));
  assert.equal(readFileSync(at.caBundle, 'utf8'), `${own}\n${first}\n${second}\n`);
  const made = [at.caBundle, at.trustStore].map((file) => statSync(file));
  await writeTrustFiles(at, systemRoots([store]));
  const kept = [at.caBundle, at.trustStore].map((file) => statSync(file));
  assert.deepEqual(
    kept.map(({ ino }) => ino),
    made.map(({ ino }) => ino),
    'what is as it should be stays',
  );
  assert.deepEqual(
    kept.map(({ mode }) => mode & 0o777),
    [0o600, 0o600],
  );

  // The system no longer trusts the first one, and the development authority was replaced.
  writeFileSync(store, second);
  writeFileSync(at.caCertificate, `${first}\n`);
  const before = readFileSync(at.trustStore);
  await writeTrustFiles(at, systemRoots([store]));
  assert.equal(readFileSync(at.caBundle, 'utf8'), `${first}\n${second}\n`);
  assert.notDeepEqual(readFileSync(at.trustStore), before);
});

test('Node is given the system’s too where it was given something before, and keeps it', () => {
  const given = (before?: string) => caForNode(at, before === undefined ? {} : { NODE_EXTRA_CA_CERTS: before });
  assert.deepEqual([undefined, '', at.caCertificate].map(given), Array(3).fill(at.caCertificate));
  assert.deepEqual(['/etc/company.pem', at.caBundle].map(given), Array(2).fill(at.caBundle));
});

test('one certificate that cannot be read spoils the store of Java for no other', async () => {
  writeFileSync(store, `${second}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`);
  const before = readFileSync(at.trustStore);
  await writeTrustFiles(at, systemRoots([store]));
  assert.deepEqual(readFileSync(at.trustStore), before);
});
