import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { CommandError, UsageError } from '../../command.ts';
import { credentialOf, SAS_VARIABLE } from './credentials.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-credential-'));
after(() => rmSync(folder, { recursive: true }));
afterEach(() => delete process.env[SAS_VARIABLE]);

const CONTAINER = 'https://a.example/c';
const NONE = { 'sas-file': undefined, 'identity-file': undefined, 'storage-ca': undefined };
const file = (name: string, content: unknown, mode = 0o600): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode });
  return path;
};

test('a SAS token comes from its file, else from the environment', () => {
  assert.throws(() => credentialOf(CONTAINER, NONE), UsageError);
  process.env[SAS_VARIABLE] = ' sv=1 ';
  assert.deepEqual(credentialOf(CONTAINER, NONE), { credential: { kind: 'sas', token: 'sv=1' } });
  const values = { ...NONE, 'sas-file': file('sas', 'sv=2\n') };
  assert.deepEqual(credentialOf(CONTAINER, values), { credential: { kind: 'sas', token: 'sv=2' } });
});

test('a token in a file that others can read is not used', () => {
  const open = file('open', 'sv=secret', 0o644);
  assert.throws(
    () => credentialOf(CONTAINER, { ...NONE, 'sas-file': open }),
    (error) => error instanceof CommandError && /open to others/.test(error.message) && !/sv=/.test(error.message),
  );
});

test('a directory is opened by nothing, whatever the environment holds', () => {
  process.env[SAS_VARIABLE] = 'sv=1';
  assert.deepEqual(credentialOf('file:///srv', NONE), { credential: { kind: 'none' } });
  for (const option of ['sas-file', 'identity-file', 'storage-ca'] as const) {
    assert.throws(() => credentialOf('file:///srv', { ...NONE, [option]: 'x' }), new RegExp(`takes no --${option}`));
  }
});

test('an identity has the form that instances have theirs in, and names its secrets by absolute, private paths', () => {
  const identity = (content: unknown): ReturnType<typeof credentialOf> =>
    credentialOf(CONTAINER, { ...NONE, 'identity-file': file('identity.json', content) });
  const imds = { kind: 'imds' };
  assert.deepEqual(identity(imds), { credential: { kind: 'managedIdentity' }, identity: imds });
  const secretFile = file('secret', 's');
  const application = { kind: 'clientCredential', tokenEndpoint: 'https://i.example/t', clientId: 'c' };
  assert.deepEqual(identity({ ...application, secretFile }).identity, { ...application, secretFile });
  assert.throws(
    () => identity({ ...application, secretFile: 'secret' }),
    /identity\.secretFile must be an absolute path/,
  );
  assert.throws(() => identity({ ...application, secretFile: file('open-secret', 's', 0o644) }), /open to others/);
  assert.throws(() => identity({ kind: 'password' }), /identity\.json: identity\.kind must be one of/);
  assert.throws(
    () => credentialOf(CONTAINER, { ...NONE, 'sas-file': 'a', 'identity-file': 'b' }),
    /exclude each other/,
  );
});
