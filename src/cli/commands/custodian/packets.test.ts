import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readPacket } from '../../../formats/custodian-packet.ts';
import { decryptWithRsa } from '../../../formats/jwe-rsa.ts';
import { writeShareList } from '../../../formats/seal-shares.ts';
import { shareNumber, splitSecret } from '../../../formats/shamir.ts';
import { certificatePem, recipientCertificate } from '../../../formats/x509-writer.ts';
import { ask, openModule } from '../../../module/key-module.fixture.ts';
import { nounsOf } from '../../command.ts';
import { dispatch } from '../../dispatch.ts';
import { showPacket as show } from './inspect.ts';
import { fingerprint, keygen } from './keys.ts';
import { share } from './share.ts';
import { acknowledge, answer, handOver, leave } from './statements.ts';

const commands = [acknowledge, answer, fingerprint, handOver, keygen, leave, share, show];
const folder = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const hsm = generateKeyPairSync('rsa', { modulusLength: 2048 });
let hsmFingerprint = '';
let otherDomain = '';

before(async () => {
  writeFileSync(at('phrase.txt'), 'correct horse battery staple\n', { mode: 0o600 });
  writeFileSync(at('wrong.txt'), 'correct horse battery stable\n', { mode: 0o600 });
  for (const name of ['anna', 'boris']) {
    await run('keygen', '--name', name, '--out', folder, '--bits', '2048', '--passphrase-file', at('phrase.txt'));
  }
  // A custodian who uses nothing of ours.
  execFileSync(
    'openssl',
    'req -x509 -newkey rsa:2048 -keyout clara.pem -out clara.cer -days 30 -subj /CN=clara -passout file:phrase.txt'.split(
      ' ',
    ),
    { cwd: folder, stdio: 'pipe' },
  );
  await run('keygen', '--name', 'dora', '--out', folder, '--bits', '2048', '--unencrypted');
  const document = await domain(['anna', 'boris', 'clara']);
  writeFileSync(at('sd.json'), document);
  otherDomain = await domain(['boris', 'clara', 'dora']);
  writeFileSync(at('other.json'), otherDomain);
  const der = recipientCertificate(
    {
      serial: Buffer.of(0x41),
      subject: 'fin-dr-mhsm.strongroom.example',
      notBefore: 1_700_000_000,
      publicKey: hsm.publicKey.export({ format: 'der', type: 'spki' }),
    },
    (toSign) => sign('sha256', toSign, hsm.privateKey),
  );
  writeFileSync(at('exchange.cer'), certificatePem(der));
  writeFileSync(
    at('exchange.json'),
    JSON.stringify({ transfer_key: JSON.stringify({ x5c: [der.toString('base64')] }) }),
  );
  hsmFingerprint = (await run('fingerprint', at('exchange.cer'))).out.trim();
});

async function domain(names: readonly string[]): Promise<string> {
  await using module = openModule();
  await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  const certificates = names.map((name) => new X509Certificate(readFileSync(at(`${name}.cer`))).raw.toString('base64'));
  return (await ask(module, 'downloadSecurityDomain', { certificates, required: 2 })).document;
}

async function run(...words: string[]) {
  const said = { out: '', err: '' };
  const code = await dispatch(nounsOf(commands), '1', ['custodian', ...words], {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
  });
  return { code, ...said };
}

/** As anna, into a fresh file, which it reads back if there is one. */
async function say(verb: string, ...words: string[]) {
  const file = at(`${randomBytes(6).toString('hex')}.json`);
  const key = words.includes('--key') ? [] : ['--key', at('anna.pem')];
  const phrase = words.includes('--passphrase-file') ? [] : ['--passphrase-file', at('phrase.txt')];
  const result = await run(verb, ...words, ...key, ...phrase, '--out', file);
  return { ...result, file, packet: existsSync(file) ? readPacket(readFileSync(file, 'utf8')) : undefined };
}

const recover = ['--purpose', 'recover', '--to'];
const agreed = (): string[] => ['--yes', '--recipient-fingerprint', hsmFingerprint];

test('a custodian acknowledges: the packet holds against the file, and against no other', async () => {
  for (const name of ['anna', 'clara']) {
    const { code, file, err } = await say('acknowledge', at('sd.json'), '--key', at(`${name}.pem`));
    assert.equal(code, 0, err);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const shown = await run('show', file, '--domain', at('sd.json'));
    assert.equal(shown.code, 0);
    assert.match(shown.out, new RegExp(`^custodian +CN=${name}$`, 'm'));
    assert.match(shown.out, /^holds +the proof is that of their share$/m);
    const other = await run('show', file, '--domain', at('other.json'));
    assert.equal(other.code, 1);
    assert.match(other.out, /^FAILS +it is about this very file$/m);
  }
});

test('a share goes to one recipient, who alone can open it, and it is the share of the file', async () => {
  for (const exchange of ['exchange.cer', 'exchange.json']) {
    const { code, err, packet, file } = await say('share', at('sd.json'), ...recover, at(exchange), ...agreed());
    assert.equal(code, 0, err);
    assert.match(err, /recipient +fin-dr-mhsm\.strongroom\.example, as it calls itself/);
    assert.match(err, new RegExp(`fingerprint +${hsmFingerprint}`));
    assert.match(err, /your share +number 1 of 3; 2 are needed/);
    const statement = packet?.statement;
    assert.ok(statement?.purpose === 'recover');
    assert.equal(shareNumber(decryptWithRsa(hsm.privateKey, statement.share)), 1);
    const anna = createPrivateKey({ key: readFileSync(at('anna.pem')), passphrase: 'correct horse battery staple' });
    assert.throws(() => decryptWithRsa(anna, statement.share));
    const shown = await run('show', file, '--domain', at('sd.json'), '--to', at(exchange), '--json');
    assert.equal(shown.code, 0);
    assert.ok(!shown.out.includes(statement.share));
    assert.equal((JSON.parse(shown.out) as { holds: boolean }).holds, true);
    assert.equal((await run('show', file, '--to', at('anna.cer'))).code, 1);
  }
});

test('consent to successors names exactly these', async () => {
  const successors = ['boris', 'clara', 'dora'].flatMap((name) => ['--successor', at(`${name}.cer`)]);
  const reshare = [at('sd.json'), '--purpose', 'reshare', '--to', at('exchange.cer'), ...agreed()];
  const { code, err, packet } = await say('share', ...reshare, ...successors, '--required', '3');
  assert.equal(code, 0, err);
  const statement = packet?.statement;
  assert.ok(statement?.purpose === 'reshare');
  assert.equal(statement.successors.required, 3);
  for (const name of ['boris', 'clara', 'dora']) {
    const { out } = await run('fingerprint', at(`${name}.cer`));
    assert.ok(err.includes(`CN=${name}, in ${at(`${name}.cer`)}:\n${' '.repeat(15)}${out.trim()}\n`), err);
    assert.ok(
      statement.successors.thumbprints.includes(Buffer.from(out.replace(/\s/g, ''), 'hex').toString('base64url')),
    );
  }
  for (const words of [
    [],
    [...successors, '--required', '4'],
    [...successors, '--required', '1'],
    successors.slice(2),
  ]) {
    assert.equal((await say('share', ...reshare, ...words)).code, 2);
  }
  const twice = [...successors.slice(0, 4), ...successors.slice(0, 2), '--required', '2'];
  assert.match((await say('share', ...reshare, ...twice)).err, /the same certificate is named twice/);
  const elsewhere = await say('share', at('sd.json'), ...recover, at('exchange.cer'), ...agreed(), ...successors);
  assert.equal(elsewhere.code, 2);
});

test('a share of a seal unlocks and does nothing else; a share of a domain does not unlock', async () => {
  const names = ['anna', 'boris', 'clara'];
  const holders = names.map((name) => {
    const { raw, publicKey } = new X509Certificate(readFileSync(at(`${name}.cer`)));
    const { out } = { out: new X509Certificate(raw).fingerprint256.replaceAll(':', '') };
    return { thumbprint: Buffer.from(out, 'hex').toString('base64url'), publicKey };
  });
  const shares = splitSecret(randomBytes(32), 2, 3, (bytes) => void bytes.set(randomBytes(bytes.length)));
  writeFileSync(at('seal.json'), writeShareList({ instanceId: 'i-1', instanceName: 'fin-prod' }, holders, shares, 2));
  const unlock = ['--purpose', 'unlock', '--to', at('exchange.cer'), ...agreed()];
  const { code, err, packet } = await say('share', at('seal.json'), ...unlock);
  assert.equal(code, 0, err);
  assert.match(err, /seal of +fin-prod/);
  assert.ok(packet?.statement.purpose === 'unlock');
  assert.deepEqual(decryptWithRsa(hsm.privateKey, packet.statement.share), shares[0]);
  const mixed = await say('share', at('sd.json'), ...unlock);
  assert.match(mixed.err, /this is a security-domain file: to unlock a start, give the share list/);
  const disguised = JSON.parse(readFileSync(at('sd.json'), 'utf8')) as { EncData: { data: unknown[] } };
  disguised.EncData.data = [];
  const seal = { instanceId: 'i-1', instanceName: 'fin-prod' };
  writeFileSync(at('disguised.json'), JSON.stringify({ ...disguised, strongroom_seal: seal }));
  const tricked = await say('share', at('disguised.json'), ...unlock);
  assert.equal(tricked.code, 1);
  assert.match(tricked.err, /somebody made a domain file look like the list of a seal/);
  assert.equal(mixed.packet, undefined);
  const other = await say('share', at('seal.json'), ...recover, at('exchange.cer'), ...agreed());
  assert.match(other.err, /this is the share list of a seal: to recover, give the security-domain file/);
});

test('nothing is given away without consent to the very recipient', { skip: process.stdin.isTTY }, async () => {
  const to = [at('sd.json'), ...recover, at('exchange.cer')];
  for (const [words, code, message] of [
    [[], 1, /not at a terminal: give --yes and --recipient-fingerprint/],
    [['--yes'], 2, /--yes needs --recipient-fingerprint/],
    [['--yes', '--recipient-fingerprint', hsmFingerprint.slice(0, 30)], 2, /the whole fingerprint, 64 hex digits/],
    [['--yes', '--recipient-fingerprint', '00'.repeat(32)], 1, /has another fingerprint than the one you were told/],
  ] as const) {
    const result = await say('share', ...to, ...words);
    assert.equal(result.code, code);
    assert.match(result.err, message);
    assert.equal(result.packet, undefined);
    // The right one is for the HSM to tell, not for the certificate that was sent.
    const said = (result.out + result.err).replaceAll(' ', '');
    assert.ok(!said.includes(hsmFingerprint.replaceAll(' ', '').slice(-8)), said);
  }
});

test('a challenge is answered, as the service writes it', async () => {
  const challenge = randomBytes(32).toString('base64url');
  const body = { challenge, domain: randomBytes(32).toString('base64url'), madeAt: '2026', expires: '2026-05-01' };
  writeFileSync(at('challenge.json'), JSON.stringify(body));
  const { code, err, file, packet } = await say('answer', at('challenge.json'));
  assert.equal(code, 0, err);
  assert.match(err, /by 2026-05-01/);
  assert.ok(packet?.statement.purpose === 'challenge' && packet.statement.challenge === challenge);
  assert.equal((await run('show', file, '--challenge', at('challenge.json'))).code, 0);
  writeFileSync(at('challenge.json'), JSON.stringify({ ...body, challenge: body.domain }));
  assert.match((await run('show', file, '--challenge', at('challenge.json'))).out, /FAILS +it answers this challenge/);
  writeFileSync(at('challenge.json'), JSON.stringify({ ...body, challenge: 'short' }));
  assert.match(
    (await say('answer', at('challenge.json'))).err,
    /challenge\.json is not a challenge file, or is not complete/,
  );
});

test('handing over and leaving are signed, with the words of the custodian', async () => {
  const note = 'to Dora Meier, in person';
  const over = await say('hand-over', at('sd.json'), '--note', note);
  assert.equal(over.code, 0, over.err);
  assert.match((await run('show', over.file)).out, /note +to Dora Meier, in person/);
  const named = await say('hand-over', at('sd.json'), '--successor', at('dora.cer'));
  assert.ok(named.packet?.statement.purpose === 'handover' && named.packet.statement.recipient !== undefined);
  assert.equal((await say('hand-over', at('sd.json'))).code, 2);
  const left = await say('leave', at('sd.json'));
  assert.equal(left.packet?.statement.purpose, 'leave');
  assert.match((await say('leave', at('other.json'))).err, /no share for the certificate of .*anna\.pem/);
  assert.match(
    (await say('leave', at('sd.json'), '--note', 'a\nb')).err,
    /note must be at most 500 characters on one line/,
  );
});

test('what keeps a custodian from doing it is said with its cause and the next step', async () => {
  const text = readFileSync(at('sd.json'), 'utf8');
  const key = readFileSync(at('anna.pem'), 'utf8');
  const file = JSON.parse(text) as { SharedKeys: { enc_shares: Record<string, string>[] } };
  const [first, second] = file.SharedKeys.enc_shares as [Record<string, string>, Record<string, string>];
  const edited = (change: object, index = 0): string =>
    JSON.stringify({
      ...file,
      SharedKeys: {
        ...file.SharedKeys,
        enc_shares: file.SharedKeys.enc_shares.map((each, at) => (at === index ? { ...each, ...change } : each)),
      },
    });
  const jwe = first['enc_key'] as string;
  const cut = { 'cut.json': text.slice(0, -40), 'empty.json': '', 'key.json': key };
  const broken = {
    'share.json': edited({ enc_key: `${jwe.slice(0, -6)}${jwe.endsWith('AAAAAA') ? 'BBBBBB' : 'AAAAAA'}` }),
    'swapped.json': edited({ enc_key: second['enc_key'] }),
    'proof.json': edited({ proof_hash: second['proof_hash'] }),
    'quorum.json': text.replace('"required":2', '"required":1'),
  };
  for (const [name, content] of Object.entries({ ...cut, ...broken })) writeFileSync(at(name), content);
  writeFileSync(at('cut.pem'), key.slice(0, 900));
  writeFileSync(at('cut.cer'), readFileSync(at('anna.cer')));
  writeFileSync(at('mixed.pem'), key);
  writeFileSync(at('mixed.cer'), readFileSync(at('boris.cer')));
  writeFileSync(at('alone.pem'), key);
  for (const [words, message] of [
    [
      [at('sd.json'), '--passphrase-file', at('wrong.txt')],
      /anna\.pem does not read: wrong passphrase\? If you are sure/,
    ],
    [
      [at('other.json')],
      /none of the 3 shares .* certificate of .*anna\.pem .*another security domain, or made before you held a share or after you left/,
    ],
    [[at('cut.json')], /the security-domain file ends early, after \d+ bytes: get it again, and compare its SHA-256/],
    [[at('empty.json')], /empty\.json is empty: get it again/],
    [[at('key.json')], /this is a key or a certificate, not a security-domain file/],
    [[at('nosuch.json')], /there is no file .*nosuch\.json/],
    [[at('share.json')], /does not open: the file was edited or damaged\. Get it again/],
    [[at('swapped.json')], /does not open: the file was edited or damaged\. Get it again/],
    [[at('proof.json')], /does not open: the file was edited or damaged\. Get it again/],
    [[at('quorum.json')], /the quorum is out of range: is it the right file\?/],
    [[at('sd.json'), '--key', at('cut.pem')], /cut\.pem ends early: use another copy of it, or restore it from paper/],
    [[at('sd.json'), '--key', at('mixed.pem')], /mixed\.pem and .*mixed\.cer do not belong together/],
    [
      [at('sd.json'), '--key', at('alone.pem')],
      /the certificate of .*alone\.pem is not beside it: there is no .*alone\.cer, no .*alone\.crt; copy it there/,
    ],
    [[at('sd.json'), '--key', at('sd.json'), '--certificate', at('anna.cer')], /sd\.json is not a private key in PEM/],
    [[at('sd.json'), '--certificate', at('sd.json')], /sd\.json is not a certificate, or was damaged/],
    [
      [at('sd.json'), '--certificate', at('anna.pem')],
      /anna\.pem is a private key: give the certificate \(.*anna\.cer or the like\)/,
    ],
  ] as const) {
    const { code, err, packet } = await say('acknowledge', ...words);
    assert.match(err, message);
    assert.equal(code, 1);
    assert.equal(packet, undefined);
  }
});

test('a packet is never written over another file', async () => {
  const { file } = await say('leave', at('sd.json'));
  const before = readFileSync(file);
  const again = await run(
    ...['leave', at('sd.json'), '--key', at('anna.pem'), '--passphrase-file', at('phrase.txt'), '--out', file],
  );
  assert.match(again.err, /exists already: move it away, or write elsewhere with --out/);
  assert.deepEqual(readFileSync(file), before);
});

test('an edited, cut or foreign packet is refused when it is shown', async () => {
  const { file } = await say('leave', at('sd.json'));
  const text = readFileSync(file, 'utf8');
  const packet = JSON.parse(text) as Record<string, string>;
  const statement = Buffer.from(packet['statement'] as string, 'base64url')
    .toString('utf8')
    .replace('leave', 'agree');
  for (const [content, message] of [
    [text.slice(0, 200), /packet: ends early, after 200 bytes: have it sent again/],
    [
      JSON.stringify({ ...packet, statement: Buffer.from(statement).toString('base64url') }),
      /signature: does not verify/,
    ],
    ['{}', /packet\.format is missing/],
  ] as const) {
    writeFileSync(at('bad.json'), content);
    const { code, err } = await run('show', at('bad.json'));
    assert.equal(code, 1);
    assert.match(err, message);
  }
});

test('a fingerprint is that of the whole certificate, and can be read aloud', async () => {
  const { out } = await run('fingerprint', at('clara.cer'));
  const openssl = execFileSync('openssl', ['x509', '-in', 'clara.cer', '-noout', '-fingerprint', '-sha256'], {
    cwd: folder,
  });
  const expected = openssl.toString().trim().split('=')[1]?.replaceAll(':', '').toLowerCase();
  assert.equal(out.trim().replaceAll(' ', ''), expected);
  assert.match(out, /^([0-9a-f]{4} ){15}[0-9a-f]{4}\n$/);
  const aloud = (await run('fingerprint', at('clara.cer'), '--aloud')).out.trim().split('\n');
  assert.equal(aloud.length, 16);
  for (const line of aloud)
    assert.match(
      line,
      /^(zero|one|two|three|four|five|six|seven|eight|nine|Alfa|Bravo|Charlie|Delta|Echo|Foxtrot)( [A-Za-z]+){3}$/,
    );
});
