import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ask, openModule } from '../../../module/key-module.fixture.ts';
import { nounsOf } from '../../command.ts';
import { dispatch } from '../../dispatch.ts';
import { open } from './inspect.ts';
import { keygen } from './keys.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const phrases = { alice: 'correct horse', bob: 'battery staple' };

before(async () => {
  for (const [name, phrase] of Object.entries(phrases)) {
    writeFileSync(at(`${name}.txt`), `${phrase}\n`, { mode: 0o600 });
    await run('custodian keygen', '--name', name, '--passphrase-file', at(`${name}.txt`));
  }
  await run('custodian keygen', '--name', 'carol', '--unencrypted');
  writeFileSync(at('empty.txt'), '\n', { mode: 0o600 });
  writeFileSync(at('read-by-all.txt'), 'correct horse battery staple\n', { mode: 0o644 });
  await using module = openModule();
  await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  const certificates = ['alice', 'carol', 'bob'].map((name) =>
    readFileSync(at(`${name}.cer`), 'utf8').replace(/-----[^-]+-----|\s/g, ''),
  );
  writeFileSync(at('sd.json'), (await ask(module, 'downloadSecurityDomain', { certificates, required: 3 })).document);
});

async function run(name: string, ...words: string[]) {
  const said = { out: '', err: '' };
  const own = name === 'custodian keygen' ? ['--out', folder, '--bits', '2048'] : [];
  const code = await dispatch(nounsOf([open, keygen]), '1', [...name.split(' '), ...words, ...own], {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
  });
  return { code, ...said };
}

function openWith(...files: string[]) {
  const keys = ['alice', 'carol', 'bob'].flatMap((name) => ['--key', at(`${name}.pem`)]);
  return run('custodian open', at('sd.json'), ...keys, ...files.flatMap((file) => ['--passphrase-file', at(file)]));
}

test('each encrypted key has its own passphrase file, in their order; a key that is not encrypted needs none', async () => {
  const { code, out, err } = await openWith('alice.txt', 'bob.txt');
  assert.equal(code, 0, err);
  assert.match(out, /The security domain opens\./);
});

test('keys and certificates that are named as custodians name them open too', async () => {
  renameSync(at('alice.pem'), at('alice.key'));
  renameSync(at('alice.cer'), at('alice.pem'));
  try {
    const keys = ['alice.key', 'carol.pem', 'bob.pem'].flatMap((name) => ['--key', at(name)]);
    const files = ['alice.txt', 'bob.txt'].flatMap((file) => ['--passphrase-file', at(file)]);
    const { code, err } = await run('custodian open', at('sd.json'), ...keys, ...files);
    assert.equal(code, 0, err);
  } finally {
    renameSync(at('alice.pem'), at('alice.cer'));
    renameSync(at('alice.key'), at('alice.pem'));
  }
});

test('what keeps it from opening is said with the name of the key or file', { skip: process.stdin.isTTY }, async () => {
  for (const [files, message] of [
    [[], /alice\.pem is encrypted: give --passphrase-file$/m],
    [['alice.txt'], /bob\.pem does not read: wrong passphrase\?/],
    [['bob.txt', 'alice.txt'], /alice\.pem does not read: wrong passphrase\?/],
    [['nosuch.txt'], /there is no file .*nosuch\.txt/],
    [['empty.txt'], /empty\.txt holds no passphrase/],
    [['read-by-all.txt'], /read-by-all\.txt holds a secret and is open to others \(mode 644\): chmod 600/],
  ] as const) {
    const { code, err } = await openWith(...files);
    assert.equal(code, 1);
    assert.match(err, message);
  }
  assert.equal((await openWith('alice.txt', 'alice.txt', 'alice.txt', 'alice.txt')).code, 2);
  const missing = await run('custodian open', at('nosuch.json'), '--key', at('carol.pem'));
  assert.equal(missing.err, `strongroom custodian open: there is no file ${at('nosuch.json')}\n`);
  assert.equal(missing.code, 1);
});
