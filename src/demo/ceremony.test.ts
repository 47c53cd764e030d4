import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensureCustodians } from './ceremony.ts';

test('key pairs that are there are kept, and how many were made is said', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-demo-custodians-'));
  try {
    const first = await ensureCustodians(folder);
    assert.equal(first.made, 3);
    // One without the other belongs to no ceremony.
    rmSync(join(folder, 'custodian-2.pem'));
    const second = await ensureCustodians(folder);
    assert.equal(second.made, 1);
    assert.equal((await ensureCustodians(folder)).made, 0);
    const [one, two] = [first, second].map(({ certificates }) => certificates.map(({ fingerprint256: it }) => it));
    assert.deepEqual([one?.[0] === two?.[0], one?.[1] === two?.[1], one?.[2] === two?.[2]], [true, false, true]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
