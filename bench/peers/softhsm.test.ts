import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { skipUnless } from '../../test/system-programs.ts';
import { PEER_OPERATIONS } from './peers.ts';
import { prepareSoftHsm } from './softhsm.ts';

test('every operation is measured in SoftHSM, and what came out is right', {
  skip: skipUnless('softhsm2', 'pkcs11-tool', 'gcc'),
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-bench-test-'));
  try {
    const softHsm = await prepareSoftHsm(folder);
    for (const operation of PEER_OPERATIONS) assert.ok((await softHsm.measure(operation, 0.01)) > 0, operation);
  } finally {
    await rm(folder, { recursive: true });
  }
});
