// Whoever presents a domain file sees which one it is before anything is given to the HSM.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { groupFingerprint } from '../../../formats/fingerprint.ts';
import { Ceremony } from '../ceremony.ts';
import { proceed } from '../engine.ts';
import { domainFile } from './domain.ts';

const root = mkdtempSync(join(tmpdir(), 'strongroom-domain-file-'));
after(() => rmSync(root, { recursive: true }));
const holders = ['A', 'B', 'C'].map((letter) => createHash('sha256').update(letter).digest());
const [anna = Buffer.alloc(0)] = holders;
const document = JSON.stringify({
  EncData: { data: [{ compact_jwe: 'a.b.c.d.e', tag: 't' }], kdf: 'sp108_kdf' },
  SharedKeys: {
    enc_shares: holders.map((each) => ({
      enc_key: 'a.b.c.d.e',
      x5t_256: each.toString('base64url'),
      proof_hash: each.toString('base64url'),
    })),
    key_algorithm: 'shamir_share',
    required: 2,
  },
  version: 2,
});

test('the hash of a presented file is told as reports and packets name it, and whose shares are in it', async () => {
  const hand = { who: 'olga', now: () => new Date('2026-01-31T12:00:00Z') };
  const settings = { kind: 'resharing', custodians: 3, required: 2, instance: 'two', address: {} } as const;
  using ceremony = Ceremony.start(join(root, 'one'), settings, hand);
  ceremony.add({
    step: 'certificates',
    what: 'file',
    text: 'Anna',
    facts: { custodian: anna.toString('base64url'), fingerprint: anna.toString('hex'), name: 'Anna' },
  });
  assert.match(domainFile.instruction(ceremony), /does not say in the clear of which HSM/);
  const given = {
    files: [{ name: 'sd.json', content: Buffer.from(document) }],
    values: [],
    pause: () => Promise.resolve(),
  };
  const said = await proceed(ceremony, domainFile, given, { ask: () => assert.fail('the HSM is not asked') });
  const hash = createHash('sha256').update(document).digest();
  assert.ok(said.includes(groupFingerprint(hash.toString('hex'))), said);
  assert.ok(said.includes(hash.toString('base64url')), said);
  for (const each of holders) assert.ok(said.includes(groupFingerprint(each.toString('hex'))), said);
  assert.match(said, new RegExp(`${groupFingerprint(anna.toString('hex'))}  Anna\\n`));
});
