import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createDevDirectory } from '../../control/directory/create-dev-directory.ts';
import { writeDirectoryFile } from '../../control/directory/directory-file.ts';
import { commandNamed, runCommand } from '../command.fixture.ts';
import { otherUsersBoundTo } from './identity/other-users.ts';
import { commands as ofIdentities } from './identity.ts';

const bind = commandNamed(ofIdentities, 'identity bind');
let data: string;
let oid: string;
before(async () => {
  data = await mkdtemp(join(tmpdir(), 'strongroom-env-'));
  await mkdir(join(data, 'control'));
  const { directory } = await createDevDirectory(randomBytes);
  await writeDirectoryFile(join(data, 'control'), directory);
  oid = directory.managedIdentities[0]?.oid ?? '';
});
after(() => rm(data, { recursive: true }));

const linux = { skip: process.platform !== 'linux' && 'there is no endpoint to bind to elsewhere' };

test('who binds another user is told that this user needs a folder', linux, async () => {
  let said = '';
  const terminal = { out: () => undefined, err: (text: string) => (said += text) };
  const bindUser = (user: string) =>
    runCommand(bind, { data, json: false, user, executable: undefined }, [oid], terminal);
  await bindUser(String(process.getuid?.()));
  assert.equal(said, '');
  const other = (process.getuid?.() ?? 0) + 1;
  await bindUser(String(other));
  assert.match(
    said,
    new RegExp(`^user ${other} cannot read the data directory; .*env --identity ${oid} --data ${data} --folder DIR`),
  );
  assert.deepEqual(await otherUsersBoundTo(join(data, 'control'), oid), [other]);
});
