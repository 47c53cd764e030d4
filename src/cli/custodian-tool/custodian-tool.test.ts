// The one file, on the machine's own Node, in a folder with nothing else.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readPacket } from '../../formats/custodian-packet.ts';
import { certificatePem, recipientCertificate } from '../../formats/x509-writer.ts';
import { ask, openModule } from '../../module/key-module.fixture.ts';
import { buildOneFile } from '../one-file/build.ts';
import { machineNode } from '../one-file/machine-node.fixture.ts';
import { CUSTODIAN_TOOL } from './one-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-tool-'));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const node = machineNode();
const hsm = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PASSPHRASE = 'correct horse battery staple';
const phrase = ['--passphrase-file', 'phrase.txt'];
let text = '';

function run(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(node, ['strongroom-custodian.mjs', ...words], {
    cwd: folder,
    env: {},
    encoding: 'utf8',
    timeout: 240_000,
  });
  return { code: status, out: stdout, err: stderr };
}

before(async () => {
  text = await buildOneFile(CUSTODIAN_TOOL);
  writeFileSync(at('strongroom-custodian.mjs'), text);
  writeFileSync(at('phrase.txt'), `${PASSPHRASE}\n`, { mode: 0o600 });
  for (const name of ['anna', 'boris']) {
    const made = run('keygen', '--name', name, '--bits', '2048', ...phrase);
    assert.equal(made.code, 0, made.err);
  }
  execFileSync(
    'openssl',
    'req -x509 -newkey rsa:3072 -keyout clara.pem -out clara.cer -days 30 -subj /CN=clara -passout file:phrase.txt'.split(
      ' ',
    ),
    { cwd: folder, stdio: 'pipe' },
  );
  await using module = openModule();
  await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  const certificates = ['anna', 'boris', 'clara'].map((name) =>
    new X509Certificate(readFileSync(at(`${name}.cer`))).raw.toString('base64'),
  );
  writeFileSync(at('sd.json'), (await ask(module, 'downloadSecurityDomain', { certificates, required: 2 })).document);
  const der = recipientCertificate(
    {
      serial: Buffer.of(0x41),
      subject: 'fin-dr-mhsm',
      notBefore: 1_700_000_000,
      publicKey: hsm.publicKey.export({ format: 'der', type: 'spki' }),
    },
    (toSign) => sign('sha256', toSign, hsm.privateKey),
  );
  writeFileSync(at('exchange.cer'), certificatePem(der));
});

test('the file is the same each time it is made, and needs nothing that reaches beyond the machine', async () => {
  assert.equal(await buildOneFile(CUSTODIAN_TOOL), text);
  const modules = [...text.matchAll(/\bfrom "([^"]+)";$/gm)].map(([, name]) => name);
  const allowed = ['buffer', 'crypto', 'fs/promises', 'path', 'readline/promises', 'util'].map(
    (name) => `node:${name}`,
  );
  assert.deepEqual(new Set(modules).difference(new Set(allowed)), new Set());
  assert.ok(modules.length > 10);
  assert.ok(!/\b(fetch|require|import)\(|WebSocket|node:(net|http|tls|dgram|dns|child_process)/.test(text));
  assert.ok(!text.includes(process.cwd()));
});

test('it helps, and says what it is called', () => {
  const { code, out } = run('--help');
  assert.equal(code, 0);
  assert.match(out, /^strongroom-custodian - what a custodian of a security domain does, offline/);
  for (const verb of ['keygen', 'paper restore', 'acknowledge', 'share', 'hand-over', 'open']) {
    assert.match(out, new RegExp(`^ {2}${verb} `, 'm'));
    const help = run(...verb.split(' '), '--help');
    assert.match(help.out, new RegExp(`^strongroom-custodian ${verb} - `));
    assert.ok(!help.out.includes('strongroom custodian '), help.out);
    assert.match(help.out, new RegExp(`^ {2}node strongroom-custodian\\.mjs ${verb} `, 'm'));
  }
  assert.match(run('--version').out, /^strongroom-custodian \d/);
  assert.equal(run('aknowledge').code, 2);
});

test('from a new key to a recovered HSM, with keys of the tool and of OpenSSL', async () => {
  await using module = openModule();
  await ask(module, 'provision', { instanceId: 'i-2', instanceName: 'dr' });
  const transfer = Buffer.from((await ask(module, 'transferKey', {})).certificate);
  writeFileSync(at('transfer.cer'), certificatePem(transfer));
  const expected = createHash('sha256').update(transfer).digest('hex');
  for (const name of ['anna', 'boris', 'clara']) {
    const own = ['--key', `${name}.pem`, ...phrase];
    const acknowledged = run('acknowledge', 'sd.json', ...own);
    assert.equal(acknowledged.out, `${name}-acknowledge.json\n`, acknowledged.err);
    assert.equal(run('show', `${name}-acknowledge.json`, '--domain', 'sd.json').code, 0);
    const given = run(
      ...['share', 'sd.json', ...own, '--purpose', 'recover', '--to', 'transfer.cer'],
      ...['--yes', '--recipient-fingerprint', expected],
    );
    assert.equal(given.code, 0, given.err);
    const shown = run('show', `${name}-recover.json`, '--domain', 'sd.json', '--to', 'transfer.cer');
    assert.equal(shown.code, 0);
    assert.match(shown.out, /^says +gives their share to the recipient/m);
  }
  const domain = readFileSync(at('sd.json'), 'utf8');
  const packets = ['boris', 'clara'].map((name) => readFileSync(at(`${name}-recover.json`), 'utf8'));
  await ask(module, 'uploadSecurityDomain', { document: JSON.stringify({ domain, packets }) });
  assert.equal((await ask(module, 'hello', {})).state, 'active');
  const opened = run('open', 'sd.json', '--key', 'anna.pem', '--key', 'clara.pem', ...phrase);
  assert.match(opened.out, /The security domain opens\./, opened.err);
});

test('a key goes onto paper and comes back, after a typing error was named', () => {
  const printed = run('paper', '--key', 'anna.pem', ...phrase, '--text');
  assert.equal(printed.out, 'anna-paper.txt\n', printed.err);
  const page = readFileSync(at('anna-paper.txt'), 'utf8');
  const slip = page.replace(
    /^(07 {2}.)(.)/m,
    (_, before: string, letter: string) => before + (letter === 'A' ? 'B' : 'A'),
  );
  writeFileSync(at('typed.txt'), slip);
  const refused = run('paper', 'restore', 'typed.txt', '--name', 'anna2', ...phrase);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /line 07 does not match its check letters/);
  writeFileSync(at('typed.txt'), page.toLowerCase());
  const restored = run('paper', 'restore', 'typed.txt', '--name', 'anna2', ...phrase);
  assert.equal(restored.code, 0, restored.err);
  assert.deepEqual(readFileSync(at('anna2.cer')), readFileSync(at('anna.cer')));
  assert.equal(run('acknowledge', 'sd.json', '--key', 'anna2.pem', ...phrase).code, 0);
  assert.match(run('paper', 'restore', 'typed.txt', '--name', 'anna2', ...phrase).err, /anna2\.cer exists already/);
});

const script = ['/usr/bin/script', '/bin/script'].find((path) => existsSync(path));

/** At a terminal, typing each answer when its question has come. */
async function atTerminal(words: readonly string[], answers: readonly (readonly [RegExp, string])[]) {
  const line = [node, 'strongroom-custodian.mjs', ...words].map((word) => `'${word}'`).join(' ');
  const child = spawn(script ?? '', ['-qefc', line, '/dev/null'], { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] });
  const left = [...answers];
  let seen = '';
  let from = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString('utf8');
    const next = left[0];
    if (next === undefined || !next[0].test(seen.slice(from))) return;
    left.shift();
    from = seen.length;
    child.stdin.write(`${next[1]}\r`);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  assert.equal(left.length, 0, seen);
  return { code, seen };
}

test('at a terminal passphrases are asked for and not shown', {
  skip: script === undefined,
  timeout: 240_000,
}, async () => {
  const keygen = ['keygen', '--name', 'dora', '--bits', '2048'];
  const differ = await atTerminal(keygen, [
    [/new passphrase: /, PASSPHRASE],
    [/the same again: /, `${PASSPHRASE}r`],
  ]);
  assert.equal(differ.code, 1);
  assert.match(differ.seen, /the two passphrases differ/);
  // Both at once, as one who types ahead does.
  const made = await atTerminal(keygen, [[/new passphrase: /, `${PASSPHRASE}\r${PASSPHRASE}`]]);
  assert.equal(made.code, 0, made.seen);
  assert.ok(!made.seen.includes('horse'));
  assert.match(readFileSync(at('dora.pem'), 'utf8'), /BEGIN ENCRYPTED PRIVATE KEY/);
});

test('at a terminal a share is given only to a recipient whose fingerprint was typed', {
  skip: script === undefined,
  timeout: 240_000,
}, async () => {
  const last = createHash('sha256')
    .update(new X509Certificate(readFileSync(at('exchange.cer'))).raw)
    .digest('hex')
    .slice(-8);
  const words = [
    'share',
    'sd.json',
    '--key',
    'anna.pem',
    '--purpose',
    'recover',
    '--to',
    'exchange.cer',
    '--out',
    'typed.json',
  ];
  const wrong = await atTerminal(words, [
    [/passphrase of anna\.pem: /, PASSPHRASE],
    [/as they were read to you: /, '00000000'],
  ]);
  assert.equal(wrong.code, 1);
  // Whoever only copies from the screen has compared nothing.
  assert.ok(!wrong.seen.includes(last.slice(4)), wrong.seen);
  assert.match(wrong.seen, /these are not the last eight digits: nothing was written/);
  assert.ok(!existsSync(at('typed.json')));
  const right = await atTerminal(words, [
    [/passphrase of anna\.pem: /, PASSPHRASE],
    [/as they were read to you: /, `${last.slice(0, 4)} ${last.slice(4).toUpperCase()}`],
  ]);
  assert.equal(right.code, 0, right.seen);
  assert.equal(readPacket(readFileSync(at('typed.json'), 'utf8')).statement.purpose, 'recover');
});
