import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { AllowedTargets } from './allowed-targets.ts';
import { openStorageBy } from './open-storage.ts';
import { StorageError, type StorageErrorCode } from './port.ts';
import { refuses } from './storage.contract.ts';

const SIGNED = `sv=2024-11-04&sr=c&sp=racwdl&se=2099-01-01T00:00:00Z&sig=${'A'.repeat(43)}%3D`;

test('a place and what lies below it are allowed, written with or without its last slash', () => {
  const places = new AllowedTargets(
    [
      { uri: 'https://account.blob.core.windows.net/backups', caFile: 'a.pem' },
      { uri: 'https://other.example:8443' },
      { uri: 'http://127.0.0.1:10000/devstoreaccount1' },
      { uri: 'file:///var/backups/hsm', keepsAll: true },
    ],
    'dev',
  );
  for (const [uri, place] of [
    ['https://account.blob.core.windows.net/backups', 'https://account.blob.core.windows.net/backups'],
    ['https://account.blob.core.windows.net/backups/', 'https://account.blob.core.windows.net/backups'],
    ['https://other.example:8443/any', 'https://other.example:8443'],
    ['http://127.0.0.1:10000/devstoreaccount1/any', 'http://127.0.0.1:10000/devstoreaccount1'],
    ['file:///var/backups/hsm', 'file:///var/backups/hsm'],
    ['file:///var/backups/hsm/2026/', 'file:///var/backups/hsm'],
  ] as const) {
    assert.equal(places.find(uri).place.uri, place, uri);
  }
});

/** What somebody may try who can start backups, and wants the service to reach, or write, elsewhere. */
const ATTEMPTS: readonly (readonly [uri: string, code: StorageErrorCode])[] = [
  // Other hosts, and what looks like the right one.
  ['https://evil.example/backups', 'NotAllowed'],
  ['https://account.blob.core.windows.net.evil.example/backups', 'NotAllowed'],
  ['https://account.blob.core.windows.net./backups', 'NotAllowed'],
  ['https://xaccount.blob.core.windows.net/backups', 'NotAllowed'],
  ['https://account.blob.core.windows.net:444/backups', 'NotAllowed'],
  ['http://account.blob.core.windows.net/backups', 'NotAllowed'],
  ['https://account.blob.core.windows.net@evil.example/backups', 'Malformed'],
  ['https://user:secret@account.blob.core.windows.net/backups', 'Malformed'],
  ['https://evil.example\\@account.blob.core.windows.net/backups', 'Malformed'],
  ['https://evil.example#@account.blob.core.windows.net/backups', 'Malformed'],
  ['https://evil.example?@account.blob.core.windows.net/backups', 'Malformed'],
  ['https://аccount.blob.core.windows.net/backups', 'Malformed'], // Cyrillic а
  ['https://account。blob.core.windows.net/backups', 'Malformed'],
  ['https://ACCOUNT.blob.core.windows.net/backups', 'Malformed'],
  // This machine, its network, its metadata services, in every way that addresses can be written.
  ['http://169.254.169.254/metadata/identity', 'NotAllowed'],
  ['http://169.254.169.254/latest/meta-data', 'NotAllowed'],
  ['https://127.0.0.1/backups', 'NotAllowed'],
  ['https://127.0.0.1:8443/backups', 'NotAllowed'],
  ['https://localhost/backups', 'NotAllowed'],
  ['https://[::1]/backups', 'NotAllowed'],
  ['https://[::ffff:7f00:1]/backups', 'NotAllowed'],
  ['https://10.0.0.1/backups', 'NotAllowed'],
  ['https://0.0.0.0/backups', 'NotAllowed'],
  ['https://2130706433/backups', 'Malformed'],
  ['https://0x7f.1/backups', 'Malformed'],
  ['https://0177.0.0.1/backups', 'Malformed'],
  ['https://127.1/backups', 'Malformed'],
  ['https://[::ffff:127.0.0.1]/backups', 'Malformed'],
  // Other protocols.
  ['ftp://account.blob.core.windows.net/backups', 'Malformed'],
  ['gopher://127.0.0.1:25/backups', 'Malformed'],
  ['data:text/plain,x', 'Malformed'],
  ['javascript:alert(1)', 'Malformed'],
  ['account.blob.core.windows.net/backups', 'Malformed'],
  ['//account.blob.core.windows.net/backups', 'Malformed'],
  ['', 'Malformed'],
  [' https://account.blob.core.windows.net/backups', 'Malformed'],
  ['https://account.blob.core.windows.net/backups\r\nhost: evil', 'Malformed'],
  ['https://account.blob.core.windows.net/back\tups', 'Malformed'],
  // Other containers and folders.
  ['https://account.blob.core.windows.net/backups-of-others', 'NotAllowed'],
  ['https://account.blob.core.windows.net/', 'NotAllowed'],
  ['https://account.blob.core.windows.net/Backups', 'NotAllowed'],
  ['https://account.blob.core.windows.net/backups/../secrets', 'Malformed'],
  ['https://account.blob.core.windows.net/backups/%2e%2e/secrets', 'Malformed'],
  ['https://account.blob.core.windows.net/backups%2f..%2fsecrets', 'Malformed'],
  ['https://account.blob.core.windows.net//backups', 'Malformed'],
  ['https://account.blob.core.windows.net/backups//', 'Malformed'],
  ['https://account.blob.core.windows.net/backups?restype=container&comp=list', 'Malformed'],
  ['https://account.blob.core.windows.net/backups#x', 'Malformed'],
  ['file:///etc', 'NotAllowed'],
  ['file:///', 'Malformed'],
  ['file:///var/backups', 'NotAllowed'],
  ['file:///var/backups/hsm2', 'NotAllowed'],
  ['file:///var/backups/hsm/../../etc', 'Malformed'],
  ['file:///var/backups/hsm/%2e%2e/other', 'Malformed'],
  ['file:///var/backups/hsm%00/x', 'Malformed'],
  ['file://server/var/backups/hsm', 'Malformed'],
  ['file:/var/backups/hsm', 'Malformed'],
  ['/var/backups/hsm', 'Malformed'],
];

test('nothing else is allowed, whatever it looks like, and nothing is asked of any network', async () => {
  await using trap = await startTrap();
  const open = openStorageBy({
    targets: [{ uri: 'https://account.blob.core.windows.net/backups' }, { uri: 'file:///var/backups/hsm' }],
    profile: 'dev',
    nowMs: Date.now,
    resolve: async () => {
      throw new Error('a name was resolved');
    },
  });
  const { signal } = new AbortController();
  const own: readonly (readonly [string, StorageErrorCode])[] = [
    [`http://127.0.0.1:${trap.port}/backups`, 'NotAllowed'],
  ];
  for (const [storageResourceUri, code] of [...ATTEMPTS, ...own]) {
    for (const credential of [{ kind: 'sas', token: SIGNED }, { kind: 'managedIdentity' }, { kind: 'none' }] as const) {
      const refusal = await refuses(code, () => open({ storageResourceUri, credential }, signal));
      assert.ok(!refusal.message.includes('secret@'), refusal.message);
    }
  }
  assert.equal(trap.asked, 0);
});

test('no refusal repeats a secret that was put into the address', () => {
  const places = new AllowedTargets([{ uri: 'https://account.blob.core.windows.net/backups' }], 'production');
  for (const uri of [
    'https://account.blob.core.windows.net/backups?sv=1&sig=hunter2',
    'https://account.blob.core.windows.net/backups&sv=1&sig=hunter2',
    'https://account.blob.core.windows.net/backups%3Fsv=1%26sig=hunter2',
    'https://account.blob.core.windows.net/backups#hunter2',
    'https://anybody:hunter2@account.blob.core.windows.net/backups',
  ]) {
    assert.throws(
      () => places.find(uri),
      (error: Error) => !error.message.includes('hunter2'),
      uri,
    );
  }
});

test('a refusal says what is allowed and who can change it', () => {
  const ask = (uris: readonly string[]): string => {
    try {
      new AllowedTargets(
        uris.map((uri) => ({ uri })),
        'production',
      ).find('https://evil.example/c');
    } catch (error) {
      assert.ok(error instanceof StorageError);
      return error.message;
    }
    throw new Error('it was allowed');
  };
  assert.match(
    ask([]),
    /allows none\. Whoever runs the instance allows it on its machine: '\.\/strongroom backup place add'$/,
  );
  assert.match(ask(['file:///b', 'https://a.example/c']), /allows file:\/\/\/b, https:\/\/a\.example\/c\./);
});

test('a place that cannot be one stops the start', () => {
  const make = (uri: string, profile: 'dev' | 'production', addresses?: readonly string[]): AllowedTargets =>
    new AllowedTargets([{ uri, ...(addresses === undefined ? {} : { addresses }) }], profile);
  for (const uri of [
    '',
    'x',
    'https://A.example',
    'https://u@a',
    'https://a/?x',
    'http://a/c',
    'file:///',
    'file://h/x',
    'ftp://a/',
    'https://a/../b',
    'https://a:443/c',
  ]) {
    assert.throws(() => make(uri, 'dev'), /backupTargets: /, uri);
  }
  for (const uri of ['http://127.0.0.1:10000/a', 'http://localhost:10000/a', 'http://[::1]:10000/a']) {
    assert.doesNotThrow(() => make(uri, 'dev'));
    assert.throws(() => make(uri, 'production'), /backupTargets: /);
  }
  assert.doesNotThrow(() => make('https://a.example/c', 'production', ['10.1.2.3', '::1']));
  for (const address of ['a', '10.1.2', '10.0.0.0/8', '']) {
    assert.throws(() => make('https://a.example/c', 'production', [address]), /backupTargets: /);
  }
});

test('a folder whose address a client has cut too early is found in the longest place that holds it', () => {
  const places = new AllowedTargets(
    [
      { uri: 'http://127.0.0.1:10000/devstoreaccount1/hsm' },
      { uri: 'file:///srv/hsm' },
      { uri: 'file:///srv/hsm/east/deep' },
      { uri: 'https://whole.example' },
    ],
    'dev',
  );
  for (const [uri, folder, place, rest] of [
    ['http://127.0.0.1:10000/devstoreaccount1', 'hsm/mhsm-a', 'http://127.0.0.1:10000/devstoreaccount1/hsm', 'mhsm-a'],
    ['http://127.0.0.1:10000/devstoreaccount1/', 'hsm/b/c', 'http://127.0.0.1:10000/devstoreaccount1/hsm', 'b/c'],
    ['http://127.0.0.1:10000', 'devstoreaccount1/hsm/a', 'http://127.0.0.1:10000/devstoreaccount1/hsm', 'a'],
    ['file:///srv', 'hsm/mhsm-a', 'file:///srv/hsm', 'mhsm-a'],
    ['file:///srv', 'hsm/east/mhsm-a', 'file:///srv/hsm', 'east/mhsm-a'],
    ['file:///srv', 'hsm/east/deep/mhsm-a', 'file:///srv/hsm/east/deep', 'mhsm-a'],
    // Named as it is allowed, it is what the client says.
    ['file:///srv/hsm', 'east/deep/mhsm-a', 'file:///srv/hsm', 'east/deep/mhsm-a'],
    ['https://whole.example/c', 'mhsm-a', 'https://whole.example/c', 'mhsm-a'],
  ] as const) {
    assert.deepEqual(places.locate({ uri, folder }), { uri: place, folder: rest }, `${uri} ${folder}`);
    assert.doesNotThrow(() => places.find(place));
  }
});

test('no way to cut an address leads out of the places', () => {
  const places = new AllowedTargets(
    [{ uri: 'https://account.blob.core.windows.net/backups/hsm' }, { uri: 'file:///var/backups/hsm' }],
    'dev',
  );
  for (const [uri, folder] of [
    // A place without a folder in it, and its neighbours.
    ['file:///var', 'backups/hsm'],
    ['file:///var', 'backups/hsm2/mhsm-a'],
    ['file:///var', 'backups'],
    ['file:///var/back', 'ups/hsm/mhsm-a'],
    ['https://account.blob.core.windows.net/backups', 'hsm'],
    ['https://account.blob.core.windows.net/backups', 'Hsm/mhsm-a'],
    ['https://account.blob.core.windows.net/other', 'backups/hsm/mhsm-a'],
    // Other hosts, ports and protocols.
    ['https://evil.example/backups', 'hsm/mhsm-a'],
    ['https://account.blob.core.windows.net:444/backups', 'hsm/mhsm-a'],
    ['http://account.blob.core.windows.net/backups', 'hsm/mhsm-a'],
    ['https://account.blob.core.windows.net:443/backups', 'hsm/mhsm-a'],
    ['https://u:p@account.blob.core.windows.net/backups', 'hsm/mhsm-a'],
    ['https://ACCOUNT.blob.core.windows.net/backups', 'hsm/mhsm-a'],
    ['https://account.blob.core.windows.net@evil.example/backups', 'hsm/mhsm-a'],
    ['https:', '/account.blob.core.windows.net/backups/hsm/mhsm-a'],
    ['https://account', 'blob.core.windows.net/backups/hsm/mhsm-a'],
    // What two readers could take for two places.
    ['file:///var', 'backups/hsm/../../etc'],
    ['file:///var', './backups/hsm/mhsm-a'],
    ['file:///var', 'backups/hsm/%2e%2e/etc'],
    ['file:///var', 'backups%2fhsm/mhsm-a'],
    ['file:///var', 'backups//hsm/mhsm-a'],
    ['file:///var', '/backups/hsm/mhsm-a'],
    ['file:///var//', 'backups/hsm/mhsm-a'],
    ['file:///var', 'backups/hsm/mhsm-a?x'],
    ['file:///var?', 'backups/hsm/mhsm-a'],
    ['file:///var#', 'backups/hsm/mhsm-a'],
    ['file:///', 'var/backups/hsm/mhsm-a'],
    ['file://server/var', 'backups/hsm/mhsm-a'],
    ['', 'file:///var/backups/hsm/mhsm-a'],
  ] as const) {
    assert.deepEqual(places.locate({ uri, folder }), { uri, folder }, `${uri} ${folder}`);
    assert.throws(() => places.find(uri), StorageError, uri);
  }
});

test('a URI with a token in it is refused without showing the token', () => {
  const places = new AllowedTargets([{ uri: 'https://a.example/c' }], 'production');
  assert.throws(
    () => places.find(`https://a.example/c?${SIGNED}`),
    (error) =>
      error instanceof StorageError && /SAS token as the token/.test(error.message) && !error.message.includes('AAAA'),
  );
});

async function startTrap(): Promise<AsyncDisposable & { readonly port: number; readonly asked: number }> {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get asked() {
      return asked;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
