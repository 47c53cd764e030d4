import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createDevDirectory, devOwners } from './create-dev-directory.ts';
import { type Directory, DirectoryError, parseDirectory, printDirectory } from './directory.ts';
import { directoryFile, readDirectoryFile, writeDirectoryFile } from './directory-file.ts';
import { findByObjectId, findUser, groupsOf } from './find-principal.ts';
import { hashSecret, isSecret } from './secret-hash.ts';

const { directory, secrets } = await createDevDirectory(randomBytes);

describe('the directory file', () => {
  test('reads back what was written, and only its owner can read it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'strongroom-directory-'));
    await writeDirectoryFile(folder, directory);
    assert.deepEqual(await readDirectoryFile(folder), directory);
    assert.equal((await stat(directoryFile(folder))).mode & 0o777, 0o600);
    await rm(folder, { recursive: true });
  });

  test('is refused with the reason when it is not one of ours', () => {
    const change = (changes: object): string => JSON.stringify({ ...directory, ...changes });
    const [user] = directory.users;
    const cases: readonly (readonly [string, RegExp])[] = [
      ['', /cannot be read/],
      ['[]', /must be an object/],
      [change({ version: 2 }), /directory\.version 2 is not one this release reads/],
      [change({ extra: 1 }), /unknown member "extra"/],
      [change({ tenantId: 'x' }), /directory\.tenantId must be a GUID/],
      [change({ users: [{ ...user, passwordHash: 'secret' }] }), /passwordHash must be a scrypt hash/],
      [change({ users: [user, user] }), /stands twice/],
      [
        change({ groups: [{ ...directory.groups[0], members: [secrets.tenantId] }] }),
        /no user, application or identity/,
      ],
    ];
    for (const [json, message] of cases) {
      assert.throws(
        () => parseDirectory(json),
        (error) => error instanceof DirectoryError && message.test(error.message),
      );
    }
  });

  test('cut anywhere, it is refused', () => {
    const json = printDirectory(directory).trimEnd();
    fc.assert(
      fc.property(fc.nat({ max: json.length - 1 }), (length) => {
        assert.throws(() => parseDirectory(json.slice(0, length)), DirectoryError);
      }),
    );
  });
});

describe('the dev directory', () => {
  test('makes secrets that no command line takes for an option', async () => {
    // What begins with '-' in base64url: the draw that would do harm.
    const { secrets: drawn } = await createDevDirectory((size) => Buffer.alloc(size, 0xfb));
    const all = [...Object.values(drawn.applications), ...Object.values(drawn.users)];
    for (const login of all) assert.match('secret' in login ? login.secret : login.password, /^[0-9a-f]{64}$/);
  });

  test('holds no secret, only hashes of them', async () => {
    const printed = printDirectory(directory);
    for (const login of Object.values(secrets.applications)) assert.ok(!printed.includes(login.secret));
    for (const login of Object.values(secrets.users)) assert.ok(!printed.includes(login.password));
    const admin = directory.applications.find(({ appId }) => appId === secrets.applications.admin.appId);
    assert.equal(await isSecret(secrets.applications.admin.secret, admin?.secrets[0]?.hash ?? ''), true);
    assert.equal(await isSecret(secrets.applications.owner.secret, admin?.secrets[0]?.hash ?? ''), false);
  });

  test('has alice in the operators group, bob in none, and two owners', () => {
    assert.deepEqual(groupsOf(directory, secrets.users.alice.oid), [secrets.operatorsGroupOid]);
    assert.deepEqual(groupsOf(directory, secrets.users.bob.oid), []);
    assert.deepEqual(devOwners(directory), [secrets.applications.admin.oid, secrets.applications.owner.oid]);
  });

  test('is other people every time, in the same shape', async () => {
    const again = await createDevDirectory(randomBytes);
    const shape = ({ users, groups, applications }: Directory) => [
      users.map((user) => user.upn),
      groups.map((group) => group.displayName),
      applications.map((application) => application.displayName),
    ];
    assert.deepEqual(shape(again.directory), shape(directory));
    assert.notEqual(again.secrets.tenantId, secrets.tenantId);
    assert.notEqual(again.secrets.applications.admin.secret, secrets.applications.admin.secret);
  });

  test('finds principals whatever the case of their names and ids', () => {
    assert.equal(findUser(directory, secrets.users.alice.upn.toUpperCase())?.oid, secrets.users.alice.oid);
    assert.equal(findByObjectId(directory, secrets.users.bob.oid.toUpperCase())?.kind, 'user');
    assert.equal(findByObjectId(directory, secrets.tenantId), undefined);
  });
});

describe('hashes of secrets', () => {
  test('are salted and match their own secret only', async () => {
    const hash = await hashSecret('correct horse');
    assert.notEqual(hash, await hashSecret('correct horse'));
    assert.equal(await isSecret('correct horse', hash), true);
    assert.equal(await isSecret('correct horsf', hash), false);
    assert.equal(await isSecret('', hash), false);
  });

  test('of another form match nothing', async () => {
    for (const stored of ['', 'plain', 'scrypt$1$AA$AA', 'scrypt$40$AA$AA', 'md5$14$AA$AA', 'scrypt$14$AA$AA$AA']) {
      assert.equal(await isSecret('plain', stored), false, stored);
    }
  });
});
