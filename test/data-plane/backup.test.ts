// Full backup and restore over raw HTTPS, with directories as the place: what comes back, what is refused, and that a
// restore that fails leaves everything as it was.
import assert from 'node:assert/strict';
import { constants, createPublicKey, publicEncrypt, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { commandNamed, runCommand } from '../../src/cli/command.fixture.ts';
import { placeCommands } from '../../src/cli/commands/backup/place-commands.ts';
import { openCryptoClient } from '../../src/crypto/client/crypto-client.ts';
import { places } from '../../src/deployment/data-layout.ts';
import { parts } from '../../src/service/parts.ts';
import { findingKind } from '../../src/store/sealed/follow-records.ts';
import { openRecords } from '../../src/store/sealed/open-records.ts';
import { moduleSealer } from '../../src/store/sealed/records.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { readEntries } from '../support/audit-entries.ts';
import {
  backedUp,
  directoryUri,
  ended,
  type JobShape,
  startBackup,
  startRestore,
  succeeded,
} from '../support/backup-jobs.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

let folder: string;
let storage: string;
let time = Math.floor(Date.now() / 1000);
const systemNow = (): number => time;

interface Place extends AsyncDisposable {
  readonly instance: RunningInstance;
  /** Crypto User and Officer. */
  readonly user: string;
  readonly userToken: string;
  /** Administrator. */
  readonly token: string;
}
let home: Place;

async function place(options: Parameters<typeof startRunningInstance>[0] = {}): Promise<Place> {
  const backupTargets = [{ uri: storage }];
  const instance = await startRunningInstance({ backupTargets, systemNow, ...options });
  if (options.sameDomainAs === undefined) await instance.activate();
  const user = randomUUID();
  for (const role of ['Managed HSM Crypto User', 'Managed HSM Crypto Officer']) await instance.assign(role, user);
  return {
    instance,
    user,
    userToken: await instance.issuer.token(user),
    token: await instance.adminToken(),
    [Symbol.asyncDispose]: () => instance[Symbol.asyncDispose](),
  };
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strongroom-backups-'));
  storage = directoryUri(folder);
  home = await place();
});
after(async () => {
  await home[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const use = ({ instance, userToken }: Place, method: string, path: string, body?: unknown): Promise<Reply> =>
  instance.ask(method, `${path}?api-version=7.6`, { token: userToken, ...(body === undefined ? {} : { body }) });

async function done<T>(reply: Promise<Reply>): Promise<T> {
  const { status, text, json } = await reply;
  assert.equal(status, 200, text);
  return json as T;
}

function refused(reply: Reply, status: number, code: string, text: RegExp): void {
  const { error } = reply.json as { error: { code: string; message: string } };
  assert.equal(`${reply.status} ${error.code}`, `${status} ${code}`, reply.text);
  assert.match(error.message, text);
}

interface Bundle {
  readonly key: Record<string, string> & { readonly kid: string };
}

const create = (at: Place, name: string, body: object = { kty: 'oct', key_size: 256 }): Promise<Bundle> =>
  done<Bundle>(use(at, 'POST', `/keys/${name}/create`, body));

const encrypt = (at: Place, name: string, text: string): Promise<Record<string, string>> =>
  done(use(at, 'POST', `/keys/${name}/encrypt`, { alg: 'A256GCM', value: Buffer.from(text).toString('base64url') }));

async function decrypt(at: Place, name: string, version: string, made: Record<string, string>): Promise<string> {
  const { value, iv, tag } = made;
  const { value: plain } = await done<{ value: string }>(
    use(at, 'POST', `/keys/${name}/${version}/decrypt`, { alg: 'A256GCM', value, iv, tag }),
  );
  return Buffer.from(plain, 'base64url').toString('utf8');
}

const versionOf = ({ key }: Bundle): string => key.kid.split('/').at(-1) ?? '';
const list = async (at: Place, path: string): Promise<unknown[]> =>
  (await done<{ value: unknown[] }>(use(at, 'GET', path))).value;
/** Members of an answer that name the instance are made equal. */
const same = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('a backup is a job: 202 with both headers, every member there, then the folder with the manifest', async () => {
  const { instance, token } = home;
  await create(home, 'first');
  const started = await startBackup(instance, token, storage);
  assert.equal(started.status, 202, started.text);
  const begun = started.json as JobShape;
  assert.match(begun.jobId, /^[0-9a-f]{32}$/);
  assert.deepEqual(begun, {
    status: 'InProgress',
    statusDetails: null,
    error: null,
    startTime: time,
    endTime: null,
    jobId: begun.jobId,
    azureStorageBlobContainerUri: null,
  });
  const poll = `https://test.managedhsm.azure.net/backup/${begun.jobId}/pending`;
  assert.equal(started.headers['azure-asyncoperation'], poll);
  assert.match(String(started.headers['retry-after']), /^(1|10)$/);
  const job = await succeeded(instance, token, started);
  assert.deepEqual([job.endTime, job.error, job.statusDetails], [time, null, null]);
  const [, name = ''] = /\/(mhsm-test-\d{16})$/.exec(job.azureStorageBlobContainerUri ?? '') ?? [];
  assert.equal(job.azureStorageBlobContainerUri, `${storage}/${name}`);
  const files = await readdir(join(folder, name));
  for (const file of ['keys-00001', 'records-00001', 'manifest.json', 'manifest.note']) assert.ok(files.includes(file));
  const whole = Buffer.concat(
    await Promise.all(files.filter((f) => /^(keys|records)/.test(f)).map((f) => readFile(join(folder, name, f)))),
  );
  assert.equal(whole.includes('first'), false, 'names are sealed');
});

test('the address to poll has the host as the client spelled it: az keeps the capitals that a user typed', async () => {
  const { instance, token } = home;
  const host = 'Test.managedHSM.azure.net';
  const body = { storageResourceUri: storage };
  const started = await instance.ask('POST', '/prebackup?api-version=7.6', { token, headers: { host }, body });
  const { jobId } = await succeeded(instance, token, started);
  assert.equal(started.headers['azure-asyncoperation'], `https://${host}/backup/${jobId}/pending`);
});

test('everything comes back in another instance of the security domain, and ciphertexts made before decrypt', async () => {
  await using from = await place({ sameDomainAs: home.instance });
  const early = await create(from, 'Data', { kty: 'oct', key_size: 256, tags: { a: 'b' } });
  const sealedEarly = await encrypt(from, 'data', 'under the first version');
  await create(from, 'data', { kty: 'oct', key_size: 256, attributes: { enabled: true, exp: 4102444800 } });
  const sealedLate = await encrypt(from, 'data', 'under the second');
  const rsa = await create(from, 'rsa', { kty: 'RSA', key_ops: ['decrypt', 'sign'] });
  await create(from, 'ec', { kty: 'EC', crv: 'P-384' });
  await create(from, 'gone');
  await done(use(from, 'DELETE', '/keys/gone'));
  const policy = { lifetimeActions: [{ trigger: { timeAfterCreate: 'P90D' }, action: { type: 'Rotate' } }] };
  await done(use(from, 'PUT', '/keys/data/rotationpolicy', policy));
  const auditor = randomUUID();
  await from.instance.assign('Managed HSM Crypto Auditor', auditor, '/keys/data');
  const setting = { token: from.token, body: { value: '17' } };
  await done(from.instance.ask('PATCH', '/settings/StrongroomMaxTagsPerKey?api-version=7.4', setting));
  const name = await backedUp(from.instance, from.token, storage);

  await using to = await place({ sameDomainAs: home.instance });
  await succeeded(to.instance, to.token, await startRestore(to.instance, to.token, storage, name));
  // Whoever may do something is as the backup says; those of this instance are gone.
  assert.equal((await use(to, 'GET', '/keys')).status, 403);
  const at: Place = { ...to, userToken: await to.instance.issuer.token(from.user) };
  for (const path of ['/keys', '/deletedkeys', '/keys/data/versions', '/keys/data', '/keys/rsa', '/keys/ec']) {
    assert.deepEqual(same(await done(use(at, 'GET', path))), same(await done(use(from, 'GET', path))), path);
  }
  assert.equal(await decrypt(at, 'data', versionOf(early), sealedEarly), 'under the first version');
  assert.equal(await decrypt(at, 'data', '', sealedLate), 'under the second');
  const { n = '', e = '' } = rsa.key;
  const publicKey = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
  const value = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING }, Buffer.from('x'));
  const opened = use(at, 'POST', '/keys/rsa/decrypt', { alg: 'RSA-OAEP', value: value.toString('base64url') });
  assert.equal((await done<{ value: string }>(opened)).value, Buffer.from('x').toString('base64url'));
  const restored = await done<{ lifetimeActions: unknown }>(use(at, 'GET', '/keys/data/rotationpolicy'));
  assert.deepEqual((restored.lifetimeActions as { action: object }[])[0]?.action, { type: 'rotate' });
  await done(use(at, 'POST', '/deletedkeys/gone/recover'));
  assert.equal((await use(at, 'GET', '/keys/gone')).status, 200);
  const administrator = await to.instance.issuer.token(from.instance.administrator);
  const shown = await to.instance.ask('GET', '/settings/StrongroomMaxTagsPerKey?api-version=7.4', {
    token: administrator,
  });
  assert.equal((shown.json as { value: string }).value, '17');
  const auditing = await to.instance.issuer.token(auditor);
  assert.equal((await to.instance.ask('GET', '/keys/data?api-version=7.6', { token: auditing })).status, 200);

  // A restart reads the same from the store as was in memory.
  await to.instance.restart();
  assert.deepEqual(
    same(await list(at, '/keys')),
    same(await list(from, '/keys').then((keys) => withKey(keys, 'gone', at))),
  );
});

function withKey(keys: unknown[], name: string, at: Place): Promise<unknown[]> {
  return done<Bundle & { attributes: object }>(use(at, 'GET', `/keys/${name}`)).then(({ key, attributes }) => {
    const item = { kid: key.kid.replace(/\/[0-9a-f]{32}$/, ''), attributes };
    return [...keys, item].sort((a, b) => ((a as { kid: string }).kid < (b as { kid: string }).kid ? -1 : 1));
  });
}

const RULE = '/settings/StrongroomRestoreNeedsBackup?api-version=7.4';

test('in development a full restore needs no backup of half an hour before, and says nothing when it has succeeded', async () => {
  await using at = await place();
  const { instance, token } = at;
  await create(at, 'kept');
  const name = await backedUp(instance, token, storage);
  const job = await succeeded(instance, token, await startRestore(instance, token, storage, name));
  assert.deepEqual([job.endTime, job.error, job.statusDetails], [time, null, null]);
  await using strict = await place({ profile: 'production', sameDomainAs: home.instance });
  const rule = await strict.instance.ask('GET', RULE, { token: strict.token });
  assert.equal((rule.json as { value: string }).value, 'true');
});

test('where the setting is on, one of this HSM must have ended half an hour before, unless it has no keys', async () => {
  await using at = await place();
  await create(at, 'kept');
  const { instance, token } = at;
  await done(instance.ask('PATCH', RULE, { token, body: { value: 'true' } }));
  // What could not be restored after half an hour either is told first.
  const foreign = await backedUp(home.instance, home.token, storage);
  const body = { sasTokenParameters: { storageResourceUri: storage }, folderToRestore: foreign };
  for (const [reply, code] of [
    [await startRestore(instance, token, storage, 'mhsm-x'), 'StorageNotFound'],
    [await instance.ask('PUT', '/prerestore?api-version=7.6', { token, body }), 'OtherSecurityDomain'],
  ] as const) {
    const job = await ended(instance, token, reply);
    assert.equal(`${job.status} ${job.error?.code}`, `Failed ${code}`);
  }
  const name = await backedUp(instance, token, storage);
  refused(
    await startRestore(instance, token, storage, name),
    409,
    'Conflict',
    /at least 30 minutes before it.*restore after/,
  );
  time += 30 * 60 - 1;
  refused(
    await startRestore(instance, token, storage, name),
    409,
    'Conflict',
    /restore after .*: '\.\/strongroom clock advance 1m --hsm-name [\w-]+'/,
  );
  time += 1;
  await create(at, 'made-later');
  await succeeded(instance, token, await startRestore(instance, token, storage, name));
  assert.deepEqual((await list(at, '/keys')).length, 1);
});

test('a client that cuts the address of a folder after its first segment restores too, from allowed places only', async () => {
  await using at = await place();
  const { instance, token } = at;
  await create(at, 'cut');
  const name = await backedUp(instance, token, storage);
  const [, first = '', rest = ''] = /^(file:\/\/\/[^/]+)\/(.+)$/.exec(storage) ?? [];
  const sasTokenParameters = { storageResourceUri: first };
  const ask = (path: string, body: object): Promise<Reply> =>
    instance.ask('PUT', `${path}?api-version=7.6`, { token, body: { sasTokenParameters, ...body } });
  const noteOf = (reply: Reply): string =>
    String(
      readEntries(instance).find((entry) => entry.correlationId === reply.headers['x-ms-request-id'])?.[
        'resultDescription'
      ],
    );

  for (const elsewhere of [`${rest}-of-others/${name}`, name, rest]) {
    for (const [path, member] of [
      ['/restore', 'folderToRestore'],
      ['/prerestore', 'folderToRestore'],
      ['/keys/cut/restore', 'folder'],
    ] as const) {
      refused(await ask(path, { [member]: elsewhere }), 403, 'Forbidden', /is not a place that backups/);
    }
  }
  refused(await ask('/restore', { folderToRestore: `${rest}/../${name}` }), 400, 'BadParameter', /'folderToRestore'/);

  const folderToRestore = `${rest}/${name}`;
  await done(use(at, 'DELETE', '/keys/cut'));
  assert.equal((await use(at, 'DELETE', '/deletedkeys/cut')).status, 204);
  const one = await ask('/keys/cut/restore', { folder: folderToRestore });
  await succeeded(instance, token, one);
  assert.ok(noteOf(one).endsWith(`storage: ${storage}. Folder: ${name}`), noteOf(one));
  await done(use(at, 'GET', '/keys/cut'));
  await create(at, 'made-later');
  const check = await ask('/prerestore', { folderToRestore });
  await succeeded(instance, token, check);
  const full = await ask('/restore', { folderToRestore });
  await succeeded(instance, token, full);
  for (const reply of [check, full]) assert.ok(noteOf(reply).includes(`storage: ${storage}`), noteOf(reply));
  assert.equal((await list(at, '/keys')).length, 1);
});

test('a restore replaces what is there; with purge protection what the backup lacks is kept as deleted', async () => {
  for (const purgeProtection of [false, true]) {
    await using at = await place({ purgeProtection });
    const { instance, token } = at;
    const old = await create(at, 'both');
    await create(at, 'deleted-then');
    await done(use(at, 'DELETE', '/keys/deleted-then'));
    const name = await backedUp(instance, token, storage);
    time += 1800;
    const newer = await create(at, 'both');
    const sealed = await encrypt(at, 'both', 'under the newer version');
    await create(at, 'later');
    await done(use(at, 'POST', '/deletedkeys/deleted-then/recover'));
    await succeeded(instance, token, await startRestore(instance, token, storage, name));
    const current = await done<Bundle>(use(at, 'GET', '/keys/both'));
    assert.equal(versionOf(current), versionOf(old));
    const deleted = (await list(at, '/deletedkeys')) as { kid: string; scheduledPurgeDate: number }[];
    const week = time + 7 * 86_400;
    if (purgeProtection) {
      assert.equal(await decrypt(at, 'both', versionOf(newer), sealed), 'under the newer version');
      assert.deepEqual(
        deleted.map(({ kid, scheduledPurgeDate }) => [kid.split('/').at(-1), scheduledPurgeDate]),
        [
          ['deleted-then', week],
          ['later', week],
        ],
      );
      await done(use(at, 'POST', '/deletedkeys/later/recover'));
    } else {
      assert.equal((await use(at, 'GET', `/keys/both/${versionOf(newer)}`)).status, 404);
      assert.deepEqual(
        deleted.map(({ kid, scheduledPurgeDate }) => [kid.split('/').at(-1), scheduledPurgeDate]),
        [['deleted-then', week - 1800]],
      );
      assert.equal((await use(at, 'GET', '/keys/later')).status, 404);
    }
    await instance.restart();
    assert.equal(versionOf(await done<Bundle>(use(at, 'GET', '/keys/both'))), versionOf(old));
  }
});

test('one key comes back from a full backup with all versions, and a key that is there stays as it is', async () => {
  const { instance, token } = home;
  const one = await create(home, 'single');
  const two = await create(home, 'single', { kty: 'RSA', tags: { x: 'y' } });
  const name = await backedUp(instance, token, storage);
  const restoreKey = (key: string, from = name): Promise<Reply> =>
    instance.ask('PUT', `/keys/${key}/restore?api-version=7.5-preview.1`, {
      token,
      body: { sasTokenParameters: { storageResourceUri: storage }, folder: from },
    });
  const versions = (restored: number, kept: number): string =>
    `Number of successful key versions restored: ${restored}, Number of key versions could not overwrite: ${kept}`;
  await create(home, 'single');
  const newest = await done<Bundle>(use(home, 'GET', '/keys/single'));
  const untouched = await succeeded(instance, token, await restoreKey('single'));
  assert.equal(untouched.statusDetails, versions(0, 2));
  assert.deepEqual(await done<Bundle>(use(home, 'GET', '/keys/single')), newest);
  const nowhere = await ended(instance, token, await restoreKey('single', 'mhsm-never'));
  assert.equal(`${nowhere.status} ${nowhere.error?.code}`, 'Failed StorageNotFound');
  await done(use(home, 'DELETE', '/keys/single'));
  refused(await restoreKey('SINGLE'), 409, 'Conflict', /deleted, but not purged.*recover/);
  assert.equal((await use(home, 'DELETE', '/deletedkeys/single')).status, 204);
  const job = await succeeded(instance, token, await restoreKey('single'));
  assert.equal(job.statusDetails, versions(2, 0));
  assert.equal('azureStorageBlobContainerUri' in job, false);
  assert.equal((await list(home, '/keys/single/versions')).length, 2);
  assert.deepEqual((await done<{ tags: object }>(use(home, 'GET', '/keys/single'))).tags, { x: 'y' });
  assert.equal(versionOf(await done<Bundle>(use(home, 'GET', '/keys/single'))), versionOf(two));
  assert.equal((await use(home, 'GET', `/keys/single/${versionOf(one)}`)).status, 200);
  const missing = await ended(instance, token, await restoreKey('never-was'));
  assert.equal(`${missing.status} ${missing.error?.code}`, 'Failed KeyNotInBackup');
  refused(await restoreKey('never-was', '../elsewhere'), 400, 'BadParameter', /folder/);
});

test('where the configuration allows no backup, none goes; what has no form is told at the poll', async () => {
  const { instance, token } = home;
  refused(
    await startBackup(instance, token, 'https://elsewhere.example/c'),
    403,
    'Forbidden',
    /not a place that backups/,
  );
  refused(await startBackup(instance, token, directoryUri('/etc')), 403, 'Forbidden', /not a place that backups/);
  const started = await instance.ask('POST', '/backup?api-version=7.5-preview.1', {
    token,
    body: { storageResourceUri: storage, token: 'not-a-sas' },
  });
  assert.equal(started.status, 202, started.text);
  const { jobId, status } = started.json as JobShape;
  assert.equal(status, 'InProgress');
  const polled = await instance.ask('GET', `/backup/${jobId}/pending`, { token });
  refused(polled, 400, 'BadRequest', /a directory takes no SAS token/);
  assert.equal((polled.json as { error: { innererror: unknown } }).error.innererror, null);
  refused(await instance.ask('GET', `/restore/${jobId}/pending`, { token }), 404, 'NotFound', /no restore job/);
  const misplaced = await startBackup(instance, token, 'https://anybody:hunter2@elsewhere.example/c&sig=hunter2');
  const told = await instance.ask('GET', `/backup/${(misplaced.json as JobShape).jobId}/pending`, { token });
  refused(told, 400, 'BadRequest', /is not the URI of a backup place/);
  const log = JSON.stringify(readEntries(instance));
  assert.match(log, /was refused: what it says of its storage does not read/);
  assert.doesNotMatch(told.text + log, /hunter2/);
  const both = { storageResourceUri: storage, token: 'x', useManagedIdentity: true };
  const contradicting = await instance.ask('POST', '/backup?api-version=7.5', { token, body: both });
  refused(contradicting, 400, 'BadParameter', /only one/);
  const nothing = await instance.ask('PUT', '/restore?api-version=7.5', { token, body: { folderToRestore: 'x' } });
  refused(nothing, 400, 'BadParameter', /sasTokenParameters/);
});

test('a place that the operator adds by command is one at once, until it is removed', async () => {
  const { instance, token } = home;
  const added = await mkdtemp(join(tmpdir(), 'strongroom-added-'));
  let printed = '';
  const run = (verb: string, values: object, ...operands: readonly string[]): Promise<number> =>
    runCommand(
      commandNamed(placeCommands, `backup place ${verb}`),
      { data: instance.folder, 'hsm-name': 'test', 'keeps-all': false, address: [], json: false, ...values },
      operands,
      {
        out: (text) => {
          printed += text;
        },
        err: () => undefined,
      },
    );
  refused(
    await startBackup(instance, token, directoryUri(added)),
    403,
    'Forbidden',
    /'\.\/strongroom backup place add'/,
  );
  await run('add', { 'keeps-all': true }, added);
  const name = await backedUp(instance, token, directoryUri(added));
  assert.ok((await readdir(added)).includes(name));
  await run('list', {});
  assert.equal(
    printed.split('\n').slice(1, -1).join('\n'),
    `${storage}  (configuration)\n${directoryUri(added)}  (command)\n  keeps all`,
  );
  await run('remove', {}, added);
  refused(await startBackup(instance, token, directoryUri(added)), 403, 'Forbidden', /not a place that backups/);
  await assert.rejects(run('remove', {}, added), /was not added for 'test'/);
  await assert.rejects(run('remove', {}, folder), /is a place of the configuration/);
  await assert.rejects(run('add', {}, folder), /allows .* already/);
  await assert.rejects(run('add', {}, join(added, 'nothing')), /is no directory/);
  await assert.rejects(run('add', {}, 'http://blobs.example/hsm'), /must be https/);
  await assert.rejects(run('add', { address: ['blobs'] }, 'https://blobs.example/hsm'), /IP addresses/);
  await assert.rejects(run('add', { 'storage-ca': join(added, 'ca') }, 'https://blobs.example/hsm'), /cannot be read/);
  await writeFile(places(instance.folder).instance('test').backupTargetsFile, '{"format":"of another program"}');
  refused(await startBackup(instance, token, storage), 403, 'Forbidden', /the places that were added cannot be read/);
  await rm(places(instance.folder).instance('test').backupTargetsFile);
  await rm(added, { recursive: true });
});

test('the checks of backup and restore are jobs too, from the version that has them', async () => {
  const { instance, token } = home;
  const name = await backedUp(instance, token, storage);
  time += 1800;
  const check = (version: string): Promise<Reply> =>
    instance.ask('POST', `/prebackup?api-version=${version}`, { token, body: { storageResourceUri: storage } });
  assert.equal((await check('7.5')).status, 404);
  const files = await readdir(folder);
  await succeeded(instance, token, await check('7.6-preview.2'));
  assert.deepEqual(await readdir(folder), files);
  const before = await list(home, '/keys');
  const body = { sasTokenParameters: { storageResourceUri: storage }, folderToRestore: name };
  const started = await instance.ask('PUT', '/prerestore?api-version=7.6', { token, body });
  const job = await succeeded(instance, token, started);
  assert.match(job.statusDetails ?? '', /can be restored/);
  assert.deepEqual(await list(home, '/keys'), before);
});

test('an edited, missing or foreign backup changes nothing, and says what is wrong with it', async () => {
  await using at = await place();
  const { instance, token } = at;
  await create(at, 'as-it-was');
  await backedUp(instance, token, storage);
  time += 1800;
  const state = await list(at, '/keys');
  const failing = async (name: string, code: string, text: RegExp): Promise<void> => {
    const job = await ended(instance, token, await startRestore(instance, token, storage, name));
    assert.equal(`${job.status} ${job.error?.code}`, `Failed ${code}`, JSON.stringify(job));
    assert.match(job.error?.message ?? '', text);
    assert.deepEqual(await list(at, '/keys'), state);
  };
  const foreign = await backedUp(home.instance, home.token, storage);
  await failing(foreign, 'OtherSecurityDomain', /another security domain/);

  for (const file of ['keys-00001', 'records-00001']) {
    const name = await backedUp(instance, token, storage);
    const bytes = await readFile(join(folder, name, file));
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await writeFile(join(folder, name, file), bytes);
    await failing(name, 'BackupDamaged', new RegExp(`${file} is not what was written`));
    await writeFile(join(folder, name, file), bytes.subarray(0, -1));
    await failing(name, 'BackupDamaged', new RegExp(`${file} has`));
    await rm(join(folder, name, file));
    await failing(name, 'StorageNotFound', new RegExp(file));
  }
  const edited = await backedUp(instance, token, storage);
  const manifest = await readFile(join(folder, edited, 'manifest.json'), 'utf8');
  await writeFile(join(folder, edited, 'manifest.json'), manifest.replace('"keys": 1', '"keys": 2'));
  await failing(edited, 'BackupDamaged', /edited/);
  const moved = await backedUp(instance, token, storage);
  await rename(join(folder, moved), join(folder, 'mhsm-renamed'));
  await failing('mhsm-renamed', 'BackupDamaged', /holds the backup/);
  await failing('mhsm-never', 'StorageNotFound', /mhsm-never/);
  // A part of one backup in the place of another's, with a manifest that is right for it.
  const [a, b] = [await backedUp(instance, token, storage), await backedUp(instance, token, storage)];
  for (const file of await readdir(join(folder, a))) {
    if (file.startsWith('keys')) await writeFile(join(folder, a, file), await readFile(join(folder, b, file)));
  }
  await failing(a, 'BackupDamaged', /keys-00001 is not what was written/);
});

test('backups are for who holds the roles, and not before activation', async () => {
  await using at = await place();
  const { instance } = at;
  const keeper = randomUUID();
  await instance.assign('Managed HSM Backup User', keeper);
  const token = await instance.issuer.token(keeper);
  assert.equal((await startBackup(instance, at.userToken, storage)).status, 403);
  const name = await backedUp(instance, token, storage);
  assert.equal((await startRestore(instance, token, storage, name)).status, 403);
  const restorer = randomUUID();
  await instance.assign('Managed HSM Restore User', restorer);
  const restoring = await instance.issuer.token(restorer);
  assert.equal((await startBackup(instance, restoring, storage)).status, 403);
  await succeeded(instance, restoring, await startRestore(instance, restoring, storage, name));
  await using blank = await startRunningInstance({ backupTargets: [{ uri: storage }] });
  refused(await startBackup(blank, await blank.adminToken(), storage), 403, 'Forbidden', /not activated/);
});

test('every record that an instance has is of a kind that the service knows', async () => {
  await using at = await place();
  await create(at, 'x', { kty: 'oct', key_size: 256 });
  await create(at, 'y');
  await done(use(at, 'DELETE', '/keys/y'));
  const policy = { lifetimeActions: [{ trigger: { timeAfterCreate: 'P90D' }, action: { type: 'Rotate' } }] };
  await done(use(at, 'PUT', '/keys/x/rotationpolicy', policy));
  await done(
    at.instance.ask('PATCH', '/settings/StrongroomMaxKeys?api-version=7.4', { token: at.token, body: { value: '9' } }),
  );
  await done(at.instance.ask('POST', '/strongroom/clock', { token: at.token, body: { advanceSeconds: 1 } }));
  await backedUp(at.instance, at.token, storage);
  await at.instance.stop();
  const names = await recordNames(at.instance);
  assert.ok(names.length > 10);
  const find = findingKind(parts.kinds);
  assert.deepEqual(
    names.filter((name) => find(name) === undefined),
    [],
  );
});

/** Of a stopped instance, opened by its own module. */
async function recordNames(instance: RunningInstance): Promise<string[]> {
  const { module, store: storeFolder } = places(instance.folder).instance('test');
  await using crypto = await openCryptoClient({ moduleFolder: module, partitions: 1, onPartitions: () => undefined });
  await using store = await openSqliteStore({ folder: storeFolder });
  const names: string[] = [];
  const apply = ({ name }: { readonly name: string }): void => void names.push(name);
  const sealer = moduleSealer(crypto);
  await using _ = await openRecords({ store, sealer, apply, newestHeadInLog: 0, headSeenByModule: 0 });
  return names;
}
