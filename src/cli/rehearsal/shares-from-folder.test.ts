import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCustodians } from '../../../test/support/custodians.ts';
import type { SecurityDomainFile } from '../../formats/security-domain.ts';
import { sharesFromFolder } from './shares-from-folder.ts';

test('the second packet of a custodian is called one, and counts for nothing', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-gather-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const people = await makeCustodians('Anna', 'Boris', 'Clara');
  const hash = 'A'.repeat(43);
  const enc_shares = people.map(({ thumbprint }) => ({ enc_key: '', x5t_256: thumbprint, proof_hash: '' }));
  const file: SecurityDomainFile = {
    EncData: { data: [], kdf: 'sp108_kdf' },
    SharedKeys: { enc_shares, key_algorithm: 'shamir_share', required: 2 },
    version: 2,
  };
  for (const [index, who] of [0, 0, 1].entries()) {
    const packet = people[who]?.says({ purpose: 'recover', domain: hash, recipient: hash, share: 'a.b.c.d.e' }) ?? '';
    writeFileSync(join(folder, `${index + 1}.json`), packet);
  }
  let err = '';
  const domain = { path: 'sd.json', document: '', hash, file };
  const terminal = { out: assert.fail, err: (text: string) => (err += text) };
  const shares = await sharesFromFolder(domain, folder, hash, terminal);
  assert.deepEqual(
    new Set(shares.map(({ custodian }) => custodian)),
    new Set(enc_shares.slice(0, 2).map((each) => each.x5t_256)),
  );
  assert.equal(
    err,
    '  1.json: taken, 1 of 2\n  2.json: the custodian of 1.json is counted already, 1 of 2\n  3.json: taken, 2 of 2\n',
  );
});
