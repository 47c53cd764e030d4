// Nothing of a client is forgotten: each method of the SDKs and each subcommand of az, as the installed client itself lists
// them, occurs in a conformance test or has a reason here why it does not. Whether they work, the other tests say.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys';
import { cleanEnvironment } from '../support/running-product.ts';
import { PYTHON, skipUnless } from '../system-programs.ts';
import { runIn } from './run-in.ts';

type Reasons = Readonly<Record<string, string>>;

const INTERNAL = 'private to the SDK, which says so in its types alone';
const JAVASCRIPT_LEFT_OUT: Reasons = {
  'KeyClient.disambiguateUpdateKeyPropertiesArgs': INTERNAL,
  'CryptographyClient.initializeIV': INTERNAL,
  'CryptographyClient.disambiguateEncryptArguments': INTERNAL,
  'CryptographyClient.disambiguateDecryptArguments': INTERNAL,
  'CryptographyClient.getKeyMaterial': INTERNAL,
  'CryptographyClient.fetchKey': INTERNAL,
  'CryptographyClient.getProvider': INTERNAL,
  'CryptographyClient.ensureValid': INTERNAL,
};
const CLOSE = 'closes the client’s own connections';
const RAW = 'sends a request of the caller’s making';
const PYTHON_LEFT_OUT: Reasons = {
  'KeyClient.close': CLOSE,
  'KeyClient.send_request': RAW,
  'CryptographyClient.close': CLOSE,
  'CryptographyClient.send_request': RAW,
  'CryptographyClient.from_jwk': 'makes a client that works by itself and asks no service',
  'KeyVaultAccessControlClient.close': CLOSE,
  'KeyVaultAccessControlClient.send_request': RAW,
  'KeyVaultBackupClient.close': CLOSE,
  'KeyVaultBackupClient.send_request': RAW,
  'KeyVaultSettingsClient.close': CLOSE,
  'KeyVaultSettingsClient.send_request': RAW,
};
const AZ_LEFT_OUT: Reasons = {
  'key get-policy-template': 'prints a constant of its own and asks no service',
};
const LIST_METHODS = `
import json
from azure.keyvault.administration import KeyVaultAccessControlClient, KeyVaultBackupClient, KeyVaultSettingsClient
from azure.keyvault.keys import KeyClient
from azure.keyvault.keys.crypto import CryptographyClient
clients = [KeyClient, CryptographyClient, KeyVaultAccessControlClient, KeyVaultBackupClient, KeyVaultSettingsClient]
print(json.dumps([f"{c.__name__}.{n}" for c in clients for n in dir(c) if n[0] != "_" and callable(getattr(c, n))]))
`;

const files = (folder: string, ending: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));
const clients = join(import.meta.dirname, 'clients');
const tests = files(import.meta.dirname, '.test.ts').filter((path) => path !== import.meta.filename);
const read = (path: string): string => readFileSync(path, 'utf8').replaceAll(/^\s*(?:\/\/|#).*$/gm, '');
const textOf = (paths: readonly string[]): string => paths.map(read).join('\n');

/** What is in neither place, and what has a reason though it is used or is not there at all. */
function assertCovered(listed: readonly string[], used: (name: string) => boolean, leftOut: Reasons): void {
  assert.ok(listed.length > 5, `hardly anything is listed: ${listed.join()}`);
  const unused = listed.filter((name) => !used(name));
  assert.deepEqual(unused.toSorted(), Object.keys(leftOut).toSorted());
}

describe('coverage of the stock clients', () => {
  test('every program of the clients is run by a test', () => {
    const text = textOf(tests);
    for (const path of [...files(clients, '.ts'), ...files(clients, '.py')]) {
      assert.ok(text.includes(path.slice(clients.length + 1)), `${path} is run by no test`);
    }
  });

  test('every method of the JavaScript SDK is called, or has a reason', () => {
    const text = textOf(files(clients, '.ts'));
    const listed = [KeyClient, CryptographyClient].flatMap(({ name, prototype }) =>
      Object.entries(Object.getOwnPropertyDescriptors(prototype))
        .filter(([member, { value }]) => member !== 'constructor' && typeof value === 'function')
        .map(([member]) => `${name}.${member}`),
    );
    assertCovered(listed, (name) => text.includes(`.${name.split('.')[1]}(`), JAVASCRIPT_LEFT_OUT);
  });

  test('every method of the Python SDK is called, or has a reason', { skip: skipUnless('python-azure') }, async () => {
    const text = textOf(files(clients, '.py'));
    const { code, stdout, stderr } = await runIn({ cwd: '/', env: cleanEnvironment() }, PYTHON, '-c', LIST_METHODS);
    assert.equal(code, 0, stderr);
    const listed = JSON.parse(stdout) as string[];
    assertCovered(listed, (name) => text.includes(`.${name.split('.')[1]}(`), PYTHON_LEFT_OUT);
  });

  test('every subcommand of az for keys, roles and backups is run, or has a reason', {
    skip: skipUnless('az'),
  }, async () => {
    const text = tests.map((path) => commandsIn(read(path))).join('\n');
    const groups = await Promise.all(['key', 'role', 'backup', 'restore'].map(subcommandsOf));
    const listed = groups.flat();
    assertCovered(listed, (name) => new RegExp(`\\bkeyvault ${name}(?![\\w-])`).test(text), AZ_LEFT_OUT);
  });
});

/** The source with its command lines in one piece: lists of words joined, constants put in. */
function commandsIn(source: string): string {
  let text = source.replaceAll(/',\s*'/g, ' ');
  for (const [, name, value] of source.matchAll(/const (\w+) = '([^']*)';/g)) {
    text = text.replaceAll(`\${${name}}`, value ?? '');
  }
  return text;
}

async function subcommandsOf(group: string): Promise<string[]> {
  const words = ['keyvault', ...group.split(' '), '--help'];
  const { code, stdout, stderr } = await runIn({ cwd: '/', env: cleanEnvironment() }, 'az', ...words);
  assert.equal(code, 0, stderr);
  const below = await Promise.all(namesIn(stdout, 'Subgroups').map((name) => subcommandsOf(`${group} ${name}`)));
  return [...namesIn(stdout, 'Commands').map((name) => `${group} ${name}`), ...below.flat()];
}

/** Names are indented by four; what is told of them, when it goes on in another line, by more. */
function namesIn(help: string, section: 'Subgroups' | 'Commands'): string[] {
  const [, lines = ''] = help.split(`\n${section}:\n`);
  const [own = ''] = lines.split('\n\n');
  return [...own.matchAll(/^ {4}([a-z][a-z-]*) .*:/gm)].map(([, name]) => name ?? '');
}
