// What the HSM does only once is not asked for twice, wherever the first time was cut off.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Refusal } from '../../../formats/refusal.ts';
import { Ceremony } from '../ceremony.ts';
import { note, proceed, skip } from '../engine.ts';
import type { Asking } from '../hsm.ts';
import type { Given, Step } from '../step.ts';
import { PRESENTED_FILE, restore, upload } from './domain.ts';

const root = mkdtempSync(join(tmpdir(), 'strongroom-steps-'));
after(() => rmSync(root, { recursive: true }));
const hand = { who: 'olga', now: () => new Date('2026-01-31T12:00:00Z') };
const nothing: Given = { files: [], values: [], pause: () => Promise.resolve() };
const PEOPLE = ['A', 'B', 'C'].map((letter) => `${letter.repeat(42)}A`);
const DOCUMENT = JSON.stringify({
  EncData: { data: [{ compact_jwe: 'a.b.c.d.e', tag: 't' }], kdf: 'sp108_kdf' },
  SharedKeys: {
    enc_shares: PEOPLE.map((each) => ({ enc_key: 'a.b.c.d.e', x5t_256: each, proof_hash: each })),
    key_algorithm: 'shamir_share',
    required: 2,
  },
  version: 2,
});
const DOMAIN = createHash('sha256').update(DOCUMENT).digest('base64url');
const FINGERPRINT = 'ab'.repeat(32);
let count = 0;

async function recovery(): Promise<Ceremony> {
  count += 1;
  const ceremony = Ceremony.start(join(root, String(count)), { kind: 'recovery', instance: 'two', address: {} }, hand);
  const file = await ceremony.keep(PRESENTED_FILE, 'input', DOCUMENT);
  ceremony.add({ step: 'domain-file', what: 'file', text: 'domain', file, facts: { domain: DOMAIN, quorum: '2' } });
  return ceremony;
}

interface Asked extends Asking {
  readonly asked: string[];
}

function service(answers: Readonly<Record<string, (body?: object) => unknown>>): Asked {
  const asked: string[] = [];
  return {
    asked,
    ask(method, path, body) {
      const name = `${method} ${path.split('?')[0] ?? ''}`;
      asked.push(name);
      const answer = answers[name];
      if (answer === undefined) assert.fail(`nobody expected ${name}`);
      return Promise.resolve().then(() => answer(body));
    },
  };
}

function register(domain: string | null, holders: readonly string[] = PEOPLE) {
  const value = holders.map((custodian, index) => ({
    custodian,
    fingerprint: Buffer.from(custodian, 'base64url').toString('hex'),
    state: 'proven',
    share: index + 1,
    since: '2026-01-31T12:00:00Z',
  }));
  return () => ({ domain, domainFingerprint: FINGERPRINT, warnings: [], value });
}

function refusal(status: number): () => never {
  return () => {
    throw Object.assign(new Error(`refused with ${status}`), { status });
  };
}

const LIST = 'GET /securitydomain/custodians';
const UPLOAD = 'POST /securitydomain/upload';

/** Begins the step with a service from which no answer ever comes. */
async function cutOff(ceremony: Ceremony, step: Step): Promise<void> {
  await assert.rejects(proceed(ceremony, step, nothing, service({ [UPLOAD]: refusal(0) })));
  assert.equal(ceremony.of(step.id, 'begun').length, 1);
}

test('a takeover whose answer was lost is found in the register and not asked for again', async () => {
  for (const domain of [DOMAIN, null]) {
    using ceremony = await recovery();
    await cutOff(ceremony, upload);
    const hsm = service({ [LIST]: register(domain) });
    await proceed(ceremony, upload, nothing, hsm);
    assert.deepEqual(hsm.asked, [LIST, LIST]);
    assert.equal(ceremony.of('upload', 'done').length, 1);
    assert.equal(ceremony.fact('domain.fingerprint'), FINGERPRINT);
  }
});

test('a takeover that never reached the HSM is asked for again, and one of another domain is not taken for ours', async () => {
  using ceremony = await recovery();
  await cutOff(ceremony, upload);
  let isActive = false;
  const hsm = service({
    [LIST]: () => (isActive ? register(DOMAIN)() : refusal(403)()),
    [UPLOAD](body) {
      assert.equal((JSON.parse((body as { value: string }).value) as { domain: string }).domain, DOCUMENT);
      isActive = true;
      return { status: 'Success' };
    },
  });
  await proceed(ceremony, upload, nothing, hsm);
  assert.deepEqual(hsm.asked, [LIST, UPLOAD, LIST]);

  for (const other of [register(FINGERPRINT.slice(0, 43)), register(null, PEOPLE.slice(1))]) {
    using second = await recovery();
    await cutOff(second, upload);
    const strange = service({ [LIST]: other, [UPLOAD]: refusal(409) });
    await assert.rejects(proceed(second, upload, nothing, strange), /refused with 409/);
    assert.ok(!second.isOver('upload'));
  }
});

test('a restore that was cut off is followed up and not begun again; one that failed is begun anew', async () => {
  using ceremony = await recovery();
  const request = { name: 'r.json', content: Buffer.from('{"folderToRestore":"x","token":"geheim"}') };
  const states = ['InProgress', 'Failed'];
  const START = 'PUT /restore';
  const first = service({
    [START]: () => ({ jobId: 'j1' }),
    'GET /restore/j1/pending': () => ({ status: states.shift(), error: { message: 'the container is gone' } }),
  });
  const given = { ...nothing, files: [request] };
  await assert.rejects(proceed(ceremony, restore, given, first), /the container is gone/);
  const second = service({ [START]: () => ({ jobId: 'j2' }), 'GET /restore/j2/pending': refusal(0) });
  await assert.rejects(proceed(ceremony, restore, given, second));
  const third = service({ 'GET /restore/j2/pending': () => ({ status: 'Succeeded' }) });
  await proceed(ceremony, restore, nothing, third);
  assert.deepEqual(third.asked, ['GET /restore/j2/pending']);
  assert.ok(ceremony.isOver('restore'));
  assert.ok(!JSON.stringify(ceremony.entries).includes('geheim'));
});

test('a file that was exchanged stops the ceremony, two people cannot work at once, and only some steps are optional', async () => {
  using ceremony = await recovery();
  assert.throws(() => Ceremony.open(ceremony.folder, hand), /somebody is at work/);
  assert.throws(() => skip(ceremony, upload, 'tired'), Refusal);
  skip(ceremony, restore, 'nothing was backed up');
  assert.throws(() => note(ceremony, ' \u001b '), /say what there is/);
  writeFileSync(join(ceremony.folder, PRESENTED_FILE), `${DOCUMENT} `);
  await assert.rejects(proceed(ceremony, upload, nothing, service({})), /is not as the ceremony kept it/);
  assert.throws(() => Ceremony.start(ceremony.folder, { kind: 'recovery', instance: 'x', address: {} }, hand));
});
