// The verifier's one file, on the machine's own Node, in a folder with nothing else, on what a real HSM has made: it says what the
// product's commands say, word for word, of what is whole and of what was bent.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { keepRecord } from '../../src/cli/commands/rehearse/kept-record.ts';
import { openInstanceClient } from '../../src/cli/instance-client.ts';
import { buildOneFile } from '../../src/cli/one-file/build.ts';
import { machineNode } from '../../src/cli/one-file/machine-node.fixture.ts';
import { VERIFY_TOOL } from '../../src/cli/verify-tool/one-file.ts';
import { places } from '../../src/deployment/data-layout.ts';
import { domainFingerprint } from '../../src/formats/domain-identity.ts';
import { type Rehearsal, writeRehearsal } from '../../src/formats/rehearsal-record.ts';
import { makeStatement } from '../../src/module/sign-note.ts';
import { reportOf } from '../../src/tools/ceremony/report/report.ts';
import { joinReport } from '../../src/tools/ceremony/report/signed-report.ts';
import { makeFullBackup } from '../support/full-backup.ts';
import { CHECKOUT, startProduct } from '../support/running-product.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-verify-'));
const at = (...names: string[]): string => join(folder, ...names);
const { privateKey } = generateKeyPairSync('ed25519');
const domainKey = Buffer.from(
  createPublicKey(createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }))).export({ format: 'jwk' }).x ??
    '',
  'base64url',
);
const fingerprint = domainFingerprint(domainKey);
let text = '';
let backup = '';
let vkey = '';

interface Manifest {
  readonly parts: readonly { readonly name: string }[];
}

interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(program: string, words: readonly string[], env: NodeJS.ProcessEnv): Said {
  const { status, stdout, stderr } = spawnSync(program, words, {
    cwd: folder,
    env,
    encoding: 'utf8',
    timeout: 120_000,
  });
  return { code: status, out: stdout, err: stderr };
}

/** What the file says, which is what the product says. */
function same(...words: string[]): Said {
  const own = run(machineNode(), ['strongroom-verify.mjs', ...words], {});
  const product = run(join(CHECKOUT, 'strongroom'), words, { PATH: process.env['PATH'] });
  const called = product.err.replaceAll(join(CHECKOUT, 'strongroom'), 'node strongroom-verify.mjs');
  const named = { ...product, err: called.replaceAll(/\bstrongroom /g, 'strongroom-verify ') };
  assert.deepEqual(own, named, words.join(' '));
  return own;
}

function stated(kind: 'ceremony' | 'rehearsal', document: string): string {
  return makeStatement(kind, Buffer.from(document, 'utf8'), domainKey, (bytes) => sign(null, bytes, privateKey));
}

describe('the verifier as one file', () => {
  before(async () => {
    const made = run(join(CHECKOUT, 'strongroom'), ['verify', 'tool'], { PATH: process.env['PATH'] });
    text = readFileSync(at('strongroom-verify.mjs'), 'utf8');
    const sha256 = createHash('sha256').update(text).digest('hex');
    assert.deepEqual([made.code, made.out], [0, `${sha256}  strongroom-verify.mjs\n`], made.err);
    await using product = await startProduct();
    const client = openInstanceClient({ data: product.data, 'hsm-name': 'dev' });
    await client.ask('POST', '/keys/shown/create?api-version=7.6', { kty: 'EC-HSM', crv: 'P-256' });
    writeFileSync(
      at('attested.json'),
      JSON.stringify(await client.ask('GET', '/keys/shown//attestation?api-version=7.6')),
    );
    backup = basename(await makeFullBackup(product.data));
    assert.equal(await product.stop(), 0);
    const data = places(product.data);
    cpSync(data.backups, at('backups'), { recursive: true });
    cpSync(data.management.audit, at('audit'), { recursive: true });
    cpSync(join(data.management.audit, 'checkpoint'), at('kept.checkpoint'));
    vkey = readFileSync(data.management.verifierKey, 'utf8').trim();
    const entry = { n: 1, at: '2026-01-31T12:00:00.000Z', who: 'olga', step: 'start', previous: '0'.repeat(64) };
    const report = reportOf({
      id: '6f1f6f2e-0000-4000-8000-000000000001',
      settings: { kind: 'activation', instance: 'dev', custodians: 3, required: 2, address: {} },
      entries: [{ ...entry, what: 'started', text: 'activation of dev' }],
      head: 'a'.repeat(64),
    });
    writeFileSync(
      at('report.md'),
      joinReport(report, { note: stated('ceremony', report), domainKey: domainKey.toString('base64url') }),
    );
    const hash = 'A'.repeat(43);
    const rehearsal: Rehearsal = {
      format: 'strongroom rehearsal 1',
      depth: 'reachability',
      verdict: 'passed',
      startedAt: '2026-01-01T00:00:00.000Z',
      finishedAt: '2026-01-02T00:00:00.000Z',
      instance: 'dev',
      domainFingerprint: fingerprint,
      domain: hash,
      required: 2,
      custodians: [hash, 'B'.repeat(43)].map((custodian) => ({ custodian, outcome: 'answered' })),
      steps: [],
      problems: [],
      challenge: hash,
    };
    const record = writeRehearsal(rehearsal);
    const note = stated('rehearsal', record);
    await keepRecord(at('rehearsal.json'), { record, note, domainKey: domainKey.toString('base64url') });
  });
  after(() => rmSync(folder, { recursive: true }));

  test('the file is the same each time it is made, and needs nothing that reaches beyond the machine', async () => {
    assert.equal(await buildOneFile(VERIFY_TOOL), text);
    const modules = [...text.matchAll(/^import (?:.* from )?"([^"]+)";$/gm)].map(([, name]) => name);
    const allowed = ['crypto', 'fs', 'fs/promises', 'path', 'url', 'util', 'zlib'].map((name) => `node:${name}`);
    assert.deepEqual(new Set(modules).difference(new Set(allowed)), new Set());
    assert.ok(modules.length > 10);
    assert.ok(!/\b(fetch|require|import)\(|WebSocket|node:(net|http|tls|dgram|dns|sqlite|child_process)/.test(text));
    assert.ok(!text.includes(CHECKOUT));
  });

  test('it lists what it verifies, and says what it is called', () => {
    const { code, out } = run(machineNode(), ['strongroom-verify.mjs', '--help'], {});
    assert.equal(code, 0);
    for (const each of ['ceremony verify', 'rehearse verify', 'backup verify', 'attestation verify', 'audit'])
      assert.match(out, new RegExp(`^ {2}${each} `, 'm'));
    const help = run(machineNode(), ['strongroom-verify.mjs', 'audit', 'verify', '--help'], {}).out;
    assert.match(help, /^ {2}node strongroom-verify\.mjs audit verify --log /m);
    assert.doesNotMatch(help, /hsm-name|--data|--management/);
  });

  test('a log and its checkpoint', () => {
    const log = ['audit', 'verify', '--log', 'audit', '--checkpoint', 'kept.checkpoint'];
    assert.equal(same(...log, `--key=${vkey}`).code, 0);
    assert.equal(same(...log, '--json').code, 0);
    assert.equal(same('audit', 'checkpoint', 'verify', 'kept.checkpoint', `--key=${vkey}`).code, 0);
    assert.equal(same('audit', 'checkpoint', 'verify', 'kept.checkpoint').code, 3);
    const other = `${vkey.split('+')[0]}+00000000+${'A'.repeat(44)}`;
    for (const what of [log, ['audit', 'checkpoint', 'verify', 'kept.checkpoint']])
      assert.equal(same(...what, `--key=${other}`).code, 1);
    assert.equal(same('audit', 'verify', '--log', 'nowhere').code, 1);
    cpSync(at('audit'), at('bent'), { recursive: true });
    const journal = at('bent', 'journal');
    const [segment = ''] = readdirSync(journal);
    const bytes = readFileSync(join(journal, segment));
    bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] ?? 0) ^ 1;
    writeFileSync(join(journal, segment), bytes);
    assert.equal(same('audit', 'verify', '--log', 'bent', '--checkpoint', 'kept.checkpoint').code, 1);
  });

  test('a backup, and the latest of a folder', () => {
    assert.equal(same('backup', 'verify', `backups/${backup}`).code, 0);
    assert.equal(same('backup', 'verify', 'backups', '--json').code, 0);
    assert.equal(same('backup', 'verify', `backups/${backup}`, '--key', fingerprint).code, 1);
    const { parts } = JSON.parse(readFileSync(at('backups', backup, 'manifest.json'), 'utf8')) as Manifest;
    appendFileSync(at('backups', backup, parts[0]?.name ?? ''), 'x');
    assert.equal(same('backup', 'verify', `backups/${backup}`).code, 1);
    assert.equal(same('backup', 'verify', 'nowhere').code, 1);
  });

  test('an attestation', () => {
    assert.equal(same('attestation', 'verify', 'attested.json').code, 0);
    const bent = readFileSync(at('attested.json'), 'utf8').replace('"shown', '"other');
    writeFileSync(at('bent.json'), bent.replace(/"x":"./, '"x":"_'));
    assert.equal(same('attestation', 'verify', 'bent.json').code, 1);
    assert.equal(same('attestation', 'verify', 'attested.json', '--root', 'attested.json').code, 1);
  });

  test('the report of a ceremony, and the record of a rehearsal', () => {
    assert.equal(same('ceremony', 'verify', 'report.md', '--fingerprint', fingerprint).code, 0);
    assert.equal(same('ceremony', 'verify', 'report.md', '--fingerprint', '0'.repeat(64)).code, 1);
    assert.equal(same('rehearse', 'verify', 'rehearsal.json', '--domain-fingerprint', fingerprint, '--json').code, 0);
    for (const [file, from, to] of [
      ['report.md', 'olga', 'anna'],
      ['rehearsal.json', 'passed', 'failed'],
    ] as const) {
      writeFileSync(at(`bent-${file}`), readFileSync(at(file), 'utf8').replace(from, to));
      assert.equal(same(file === 'report.md' ? 'ceremony' : 'rehearse', 'verify', `bent-${file}`).code, 1);
    }
    assert.equal(same('rehearse', 'verify').code, 2);
  });
});
