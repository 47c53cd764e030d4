import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import type { ContainerClient } from '@azure/storage-blob';
import { type Azurite, startAzurite } from '../../../../../test/support/azurite.ts';
import { type FaultyProxy, startFaultyProxy } from '../../../../../test/support/faulty-proxy.ts';
import { openStorageBy } from '../open-storage.ts';
import { type BackupStorage, StorageError } from '../port.ts';
import { content, listed, refuses, storageContract } from '../storage.contract.ts';
import type { Attempts } from './explain.ts';

const running = new AbortController().signal;
const QUICK: Attempts = { count: 3, delayMs: 5, deadlineMs: 60_000 };
const folder = mkdtempSync(join(tmpdir(), 'strongroom-azurite-'));
let azurite: Azurite;
before(async () => {
  azurite = await startAzurite({ folder });
});
after(async () => {
  await azurite[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

let containers = 0;

interface Opening {
  readonly uri: string;
  readonly token: string;
  readonly keepsAll?: boolean;
  readonly stopping?: AbortSignal;
  readonly attempts?: Attempts;
}

function open({ uri, token, keepsAll = false, stopping = running, attempts = QUICK }: Opening): Promise<BackupStorage> {
  const openStorage = openStorageBy({
    targets: [{ uri: new URL(uri).origin, keepsAll }],
    profile: 'dev',
    nowMs: Date.now,
    attempts,
  });
  return openStorage({ storageResourceUri: uri, credential: { kind: 'sas', token } }, stopping);
}

async function makeContainer(): Promise<{
  readonly name: string;
  readonly container: ContainerClient;
  readonly uri: string;
  readonly token: string;
}> {
  containers += 1;
  const name = `backups-${containers}`;
  return {
    name,
    container: await azurite.makeContainer(name),
    uri: azurite.containerUri(name),
    token: azurite.sas(name),
  };
}

async function namesIn(container: ContainerClient): Promise<string[]> {
  return (await Array.fromAsync(container.listBlobsFlat())).map(({ name }) => name);
}

storageContract('blob container', async (use) => {
  const { container, uri, token } = await makeContainer();
  await use({
    open: (stopping) => open({ uri, token, ...(stopping === undefined ? {} : { stopping }) }),
    keepsAll: false,
    names: () => namesIn(container),
  });
});

const IMMUTABLE = { kind: 'answer', status: 409, headers: { 'x-ms-error-code': 'BlobImmutableDueToPolicy' } } as const;

for (const keepsAll of [true, false]) {
  storageContract(`write-once container${keepsAll ? '' : ' that is not known to be one'}`, async (use) => {
    const { name, container, token } = await makeContainer();
    await using proxy = await startFaultyProxy(azurite.origin);
    // As an immutability policy has it: what a name once held can be neither taken away nor written over.
    const held = new Set<string>();
    proxy.fault = (method, url) => {
      if (method === 'DELETE') return IMMUTABLE;
      if (method !== 'PUT' || url.searchParams.get('comp') === 'block') return undefined;
      if (held.has(url.pathname)) return IMMUTABLE;
      held.add(url.pathname);
      return undefined;
    };
    await use({
      open: (stopping) =>
        open({
          uri: `${proxy.origin}/${azurite.account}/${name}`,
          token,
          keepsAll,
          ...(stopping === undefined ? {} : { stopping }),
        }),
      keepsAll: true,
      names: () => namesIn(container),
    });
  });
}

test('a service that does not know our version of the protocol is told apart from one that fails', async () => {
  const { name, token } = await makeContainer();
  await using proxy = await startFaultyProxy(azurite.origin);
  const versions = new Set<unknown>();
  proxy.fault = (_method, _url, headers) => {
    versions.add(headers['x-ms-version']);
    return { kind: 'answer', status: 400, headers: { 'x-ms-error-code': 'InvalidHeaderValue' } };
  };
  await using storage = await open({ uri: `${proxy.origin}/${azurite.account}/${name}`, token });
  for (const act of [() => storage.write('mhsm-a-1', 'keys-00001', Buffer.from('1')), () => storage.checkWritable()]) {
    const { message } = await refuses('VersionRefused', act);
    assert.match(message, /does not speak version 2023-11-03 of the blob protocol/);
  }
  assert.deepEqual([...versions], ['2023-11-03']);
});

test('a finished backup is not abandoned by a token that may list and delete, but not read', async () => {
  const { name, container, uri, token } = await makeContainer();
  await using storage = await open({ uri, token });
  for (const folder of ['mhsm-a-1', 'mhsm-a-2']) await storage.write(folder, 'keys-00001', Buffer.from('1'));
  await storage.finish('mhsm-a-1');
  await using blind = await open({ uri, token: azurite.sas(name, { permissions: 'wdl' }) });
  await blind.abandon('mhsm-a-1');
  await blind.abandon('mhsm-a-2');
  assert.deepEqual((await namesIn(container)).sort(), ['mhsm-a-1/complete', 'mhsm-a-1/keys-00001']);
});

/** What an error shows to whoever prints it with everything in it. */
function assertSecretFree(error: unknown, token: string): void {
  const signature = new URLSearchParams(token).get('sig') ?? '';
  assert.ok(signature.length > 40);
  const shown = [inspect(error, { depth: 20, showHidden: true, getters: true }), JSON.stringify(error)].join();
  for (const secret of [signature, encodeURIComponent(signature), token]) assert.ok(!shown.includes(secret), shown);
}

test('a token that cannot be used is refused with the reason and what to do, and never shown', async () => {
  const { name, uri } = await makeContainer();
  const hour = 3_600_000;
  const expired = azurite.sas(name, {
    startsOn: new Date(Date.now() - 2 * hour),
    expiresOn: new Date(Date.now() - hour),
  });
  const early = azurite.sas(name, {
    startsOn: new Date(Date.now() + hour),
    expiresOn: new Date(Date.now() + 2 * hour),
  });
  const readOnly = azurite.sas(name, { permissions: 'rl' });
  const other = azurite.sas('another-container');
  const good = azurite.sas(name);
  // Of the signature itself: a letter of the token may be half of a %2B.
  const members = new URLSearchParams(good);
  const signature = members.get('sig') ?? '';
  members.set('sig', (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1));
  const edited = members.toString();
  for (const [token, reason] of [
    [expired, /: the SAS token expired at .*Z; make a new SAS token/],
    [early, /: the SAS token is not valid before .*Z; make a new/],
    [readOnly, /refuses access \(403 Authorization\w+\); make a new SAS token for this container with the permissions/],
    [other, /refuses access \(403 \w+\); make a new/],
    [edited, /refuses access \(403 \w+\); make a new/],
  ] as const) {
    await using storage = await open({ uri, token });
    for (const act of [() => storage.checkWritable(), () => storage.write('backup', 'part', Buffer.from('1'))]) {
      const refusal = await refuses('AccessDenied', act);
      assert.match(refusal.message, reason);
      assert.ok(refusal.message.includes(uri));
      assertSecretFree(refusal, token);
    }
  }
  const writeOnly = azurite.sas(name, { permissions: 'cw' });
  await using storage = await open({ uri, token: writeOnly });
  await storage.write('backup', 'part', Buffer.from('1'));
  await storage.finish('backup');
  assertSecretFree(await refuses('AccessDenied', () => listed(storage, 'backup')), writeOnly);
});

test('a container that is missing, or goes in the middle, is named', async () => {
  const missing = { uri: azurite.containerUri('never-made'), token: azurite.sas('never-made') };
  await using none = await open(missing);
  const refusal = await refuses('NotFound', () => none.checkWritable());
  assert.match(refusal.message, /the container does not exist \(ContainerNotFound\); make it, or name the right one/);
  await refuses('NotFound', () => listed(none, 'backup'));
  await refuses('NotFound', () => none.write('backup', 'part', Buffer.from('1')));

  const { container, uri, token } = await makeContainer();
  await using storage = await open({ uri, token });
  await storage.write('backup', 'part-1', Buffer.from('1'));
  await container.delete();
  const gone = await refuses('NotFound', () => storage.write('backup', 'part-2', randomBytes(9_000_000)));
  assert.match(gone.message, /writing 'backup\/part-2' at .*: the container does not exist/);
  await refuses('NotFound', () => storage.finish('backup'));
});

async function behindProxy(
  check: (given: { proxy: FaultyProxy; uri: string; token: string }) => Promise<void>,
): Promise<void> {
  const { name, token } = await makeContainer();
  await using proxy = await startFaultyProxy(azurite.origin);
  await check({ proxy, uri: `${proxy.origin}/${azurite.account}/${name}`, token });
}

test('a busy service is asked a few times and then given up', () =>
  behindProxy(async ({ proxy, uri, token }) => {
    await using storage = await open({ uri, token });
    let busy = 2;
    proxy.fault = () => (busy-- > 0 ? { kind: 'answer', status: 503 } : undefined);
    await storage.write('backup', 'part', Buffer.from('1'));
    proxy.fault = () => ({ kind: 'answer', status: 503 });
    const before = proxy.seen.length;
    const refusal = await refuses('Unavailable', () => storage.write('backup', 'other', Buffer.from('1')));
    assert.match(refusal.message, /busy or failing \(503 .*\) after 3 attempts; try again later/);
    assert.equal(proxy.seen.length - before, 3);
    assertSecretFree(refusal, token);
  }));

test('an answer that got lost does not make a blob of our own look like somebody else’s', () =>
  behindProxy(async ({ proxy, uri, token }) => {
    await using storage = await open({ uri, token });
    for (const [name, size] of [
      ['small', 10],
      ['large', 9_000_000],
    ] as const) {
      let lost = false;
      proxy.fault = (method, url) => {
        if (lost || method !== 'PUT' || url.searchParams.get('comp') === 'block') return undefined;
        lost = true;
        return { kind: 'lose answer' };
      };
      await storage.write('backup', name, randomBytes(size));
      assert.ok(lost);
    }
    await storage.finish('backup');
    assert.deepEqual(new Set((await listed(storage, 'backup')).map(({ bytes }) => bytes)), new Set([10, 9_000_000]));
  }));

test('cut connections and slow answers are bounded, when writing and when reading', () =>
  behindProxy(async ({ proxy, uri, token }) => {
    // What shall succeed has its time, however slow the machine is; what shall be given up has little.
    await using patient = await open({ uri, token });
    await using storage = await open({ uri, token, attempts: { count: 2, delayMs: 5, deadlineMs: 300 } });
    const bytes = randomBytes(100_000);
    await patient.write('backup', 'part', bytes);
    await patient.finish('backup');
    proxy.fault = () => ({ kind: 'cut' });
    assertSecretFree(await refuses('Unavailable', () => storage.write('other', 'part', bytes)), token);
    proxy.fault = () => ({ kind: 'silence' });
    const slow = await refuses('Unavailable', () => storage.write('other', 'part', bytes));
    assert.match(slow.message, /it was too slow, 2 times; try again later/);
    for (const cut of [true, false]) {
      proxy.fault = (method) => (method === 'GET' ? { kind: 'stop after', bytes: 5000, cut } : undefined);
      assertSecretFree(await refuses('Unavailable', () => content(storage, 'backup', 'part')), token);
    }
    let stumbles = 1;
    proxy.fault = (method) =>
      method === 'GET' && stumbles-- > 0 ? { kind: 'stop after', bytes: 5000, cut: true } : undefined;
    assert.ok((await content(patient, 'backup', 'part')).equals(bytes));
  }));

test('a service that gives more than it was asked for is not listened to', () =>
  behindProxy(async ({ proxy, uri, token }) => {
    await using storage = await open({ uri, token });
    await storage.write('backup', 'part', Buffer.alloc(100_000, 1));
    await storage.finish('backup');
    assert.equal((await storage.read('backup', 'part', 1000)).length, 1000);
    proxy.fault = (method, url) =>
      method === 'GET' && url.pathname.endsWith('/part') ? { kind: 'all of it' } : undefined;
    const { message } = await refuses('Damaged', () => storage.read('backup', 'part', 1000));
    assert.match(message, /gives more than it was asked for/);
  }));

test('no redirection is followed', () =>
  behindProxy(async ({ proxy, uri, token }) => {
    await using elsewhere = await startFaultyProxy(azurite.origin);
    await using storage = await open({ uri, token });
    for (const status of [301, 302, 303, 307, 308]) {
      proxy.fault = (_, url) => ({
        kind: 'answer',
        status,
        headers: { location: `${elsewhere.origin}${url.pathname}${url.search}` },
      });
      const refusal = await refuses('NotAllowed', () => storage.write('backup', 'part', Buffer.from('1')));
      assert.match(refusal.message, new RegExp(`answered ${status}, a redirection, which is not followed`));
      await refuses('NotAllowed', () => listed(storage, 'backup'));
    }
    assert.deepEqual(elsewhere.seen, []);
  }));

test('a service that is not there is named with its reason', async () => {
  const proxy = await startFaultyProxy(azurite.origin);
  const uri = `${proxy.origin}/${azurite.account}/backups`;
  await proxy[Symbol.asyncDispose]();
  await using storage = await open({ uri, token: azurite.sas('backups') });
  const refusal = await refuses('Unavailable', () => storage.checkWritable());
  assert.match(refusal.message, /cannot be reached \(ECONNREFUSED\) after 3 attempts; check that it runs/);
});

test('a blob that is exchanged while it is read is read as one of the two, or not at all', () =>
  behindProxy(async ({ proxy, uri, token }) => {
    await using storage = await open({ uri, token });
    await storage.write('backup', 'part', randomBytes(100_000));
    await storage.finish('backup');
    const blob = azurite.container(uri.split('/').at(-1) ?? '').getBlockBlobClient('backup/part');
    let asked = 0;
    proxy.fault = async (method) => {
      if (method !== 'GET') return undefined;
      asked += 1;
      if (asked === 1) return { kind: 'stop after', bytes: 5000, cut: true };
      await blob.upload('other', 5);
      return undefined;
    };
    const read = await content(storage, 'backup', 'part').catch((error: unknown) => error);
    assert.ok(read instanceof Buffer ? read.equals(Buffer.from('other')) : read instanceof StorageError, String(read));
  }));
