import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { domainFingerprint } from '../../../formats/domain-identity.ts';
import { groupFingerprint } from '../../../formats/fingerprint.ts';
import { formatVkey } from '../../../formats/signed-note.ts';
import { statementSigner } from '../../../formats/statement.ts';
import { UsageError } from '../../command.ts';
import { storageMembers } from './credentials.ts';
import { splitFolder, uriOf } from './folders.ts';
import { namedUri } from './place.ts';
import { readSigner } from './read-signer.ts';

test('a path is taken for a directory, a URI for itself', () => {
  assert.equal(uriOf('/srv/backups'), 'file:///srv/backups');
  assert.equal(uriOf('/srv/backups/'), 'file:///srv/backups');
  assert.equal(uriOf('https://a.blob.core.windows.net/c/'), 'https://a.blob.core.windows.net/c');
  assert.match(uriOf('backups'), /^file:\/\/\/.*\/backups$/);
});

test('the name of a backup alone is one of the own place, a path is where it says, and a folder right here comes first', () => {
  assert.equal(namedUri('mhsm-dev-1', '/srv/data'), 'file:///srv/data/backups/mhsm-dev-1');
  assert.equal(namedUri('/mnt/mhsm-dev-1', '/srv/data'), 'file:///mnt/mhsm-dev-1');
  assert.equal(namedUri('https://a.example/c/mhsm-dev-1', '/srv/data'), 'https://a.example/c/mhsm-dev-1');
  const folder = mkdtempSync(join('.', 'mhsm-here-'));
  try {
    assert.equal(namedUri(folder, '/srv/data'), pathToFileURL(folder).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the last segment is the folder of a backup', () => {
  assert.deepEqual(splitFolder('https://a.example/c/mhsm-dev-1'), {
    place: 'https://a.example/c',
    folder: 'mhsm-dev-1',
  });
  assert.deepEqual(splitFolder('file:///srv/mhsm-dev-1'), { place: 'file:///srv', folder: 'mhsm-dev-1' });
  for (const uri of [
    'https://a.example/c/',
    'https://mhsm-dev-1',
    'file:///',
    'x',
    '',
    'https://a.example/c/b?sig=secret',
  ]) {
    assert.throws(
      () => splitFolder(uri),
      (error) => error instanceof UsageError && !error.message.includes('secret'),
      uri,
    );
  }
});

test('a domain is named by its fingerprint as people read it, by its key, or by its key as notes have it', () => {
  const { publicKey } = generateKeyPairSync('ed25519');
  const key = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const fingerprint = domainFingerprint(key);
  for (const text of [fingerprint, fingerprint.toUpperCase(), groupFingerprint(fingerprint)]) {
    assert.deepEqual(readSigner(text), { fingerprint });
  }
  assert.deepEqual(readSigner(key.toString('base64url')), { key });
  assert.deepEqual(readSigner(formatVkey(statementSigner(fingerprint), key)), { key });
  for (const text of ['', 'abcd', fingerprint.slice(1), formatVkey('strongroom/domain/0000000000000000', key)]) {
    assert.throws(() => readSigner(text), UsageError, text);
  }
});

test('a place is opened in one way', () => {
  const uri = 'https://a.example/c';
  assert.deepEqual(storageMembers(uri, { 'sas-file': undefined, 'managed-identity': true }), {
    storageResourceUri: uri,
    useManagedIdentity: true,
  });
  assert.deepEqual(storageMembers(uri, { 'sas-file': undefined, 'managed-identity': false }), {
    storageResourceUri: uri,
  });
  assert.throws(() => storageMembers(uri, { 'sas-file': 'f', 'managed-identity': true }), UsageError);
});
