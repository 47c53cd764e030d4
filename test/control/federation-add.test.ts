// `federation add` asks the issuer for its keys once, over real TLS, and says why they cannot be had.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { commandNamed, runCommand } from '../../src/cli/command.fixture.ts';
import { commands } from '../../src/cli/commands/federation.ts';
import { createDevDirectory } from '../../src/control/directory/create-dev-directory.ts';
import { writeDirectoryFile } from '../../src/control/directory/directory-file.ts';
import { readCredentials } from '../../src/control/directory/federation/federated-credentials.ts';
import { issueAuthority } from '../../src/deployment/dev-ca/issue.ts';
import { startForeignIssuer } from '../support/foreign-issuer.ts';

const add = commandNamed(commands, 'federation add');

test('an issuer whose keys cannot be fetched is told at once, with the cause, and added all the same', async () => {
  const data = await mkdtemp(join(tmpdir(), 'strongroom-federation-add-'));
  try {
    const control = join(data, 'control');
    await mkdir(control);
    await writeDirectoryFile(control, (await createDevDirectory(randomBytes)).directory);
    const authority = issueAuthority(new Date());
    await using cluster = await startForeignIssuer(authority);
    const pem = join(data, 'authority.pem');
    await writeFile(pem, authority.certificate);
    const warning = async (name: string, more: object = {}): Promise<string> => {
      let err = '';
      const terminal = { out: () => undefined, err: (text: string) => (err += text) };
      const known = {
        application: 'strongroom-dev-consumer',
        issuer: cluster.issuer,
        'ca-file': pem,
        data,
        json: false,
      };
      assert.equal(await runCommand(add, { ...known, subject: `system:${name}`, ...more }, [name], terminal), 0);
      return err;
    };
    assert.equal(await warning('reached'), '');
    cluster.document = { issuer: 'https://other.example' };
    const begin = `It is added, but from here the issuer's keys cannot be fetched now: ${cluster.discovery}: `;
    assert.equal(
      await warning('other'),
      `${begin}the discovery document is of another issuer than the configured one\n`,
    );
    cluster.failing = 404;
    assert.equal(await warning('failing'), `${begin}the key set was answered with status 404\n`);
    await cluster[Symbol.asyncDispose]();
    assert.match(await warning('gone'), /ECONNREFUSED/);
    assert.deepEqual(
      (await readCredentials(control)).map(({ name }) => name),
      ['reached', 'other', 'failing', 'gone'],
    );
  } finally {
    await rm(data, { recursive: true });
  }
});

test('a certificate of an authority that is not trusted for it is the cause that is told', async () => {
  const data = await mkdtemp(join(tmpdir(), 'strongroom-federation-add-'));
  try {
    await mkdir(join(data, 'control'));
    await writeDirectoryFile(join(data, 'control'), (await createDevDirectory(randomBytes)).directory);
    await using cluster = await startForeignIssuer(issueAuthority(new Date()));
    let err = '';
    const terminal = { out: () => undefined, err: (text: string) => (err += text) };
    const given = { application: 'strongroom-dev-consumer', issuer: cluster.issuer, subject: 'a:b', data, json: false };
    assert.equal(await runCommand(add, given, ['stranger'], terminal), 0);
    assert.match(err, /certificate.*\(UNABLE_TO_[A-Z_]+\)\n$/);
  } finally {
    await rm(data, { recursive: true });
  }
});
