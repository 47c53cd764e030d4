import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseNote, parseVkey, verifyNote } from '../formats/signed-note.ts';
import { openOwnSigner } from './own-signer.ts';

test('makes its key once, signs no shorter log after a longer one, and stands in for no other key', async () => {
  const root = mkdtempSync(join(tmpdir(), 'own-signer-'));
  const at = { audit: join(root, 'audit'), module: join(root, 'module'), verifierKey: join(root, 'verifier-key') };
  const hash = new Uint8Array(32);
  try {
    {
      await using first = await openOwnSigner(at);
      const note = await first.sign(3, hash);
      assert.ok(verifyNote(parseNote(note), parseVkey(readFileSync(at.verifierKey, 'utf8').trim())));
      await assert.rejects(first.sign(2, hash), { code: 'LogRefused' });
      await assert.rejects(first.sign(3, hash.with(0, 1)), { code: 'LogRefused' });
    }
    mkdirSync(join(at.audit, 'journal'), { recursive: true });
    {
      await using again = await openOwnSigner(at);
      assert.equal(again.signedSize, 3);
      assert.ok(readFileSync(at.verifierKey, 'utf8').startsWith(`${again.origin}+`));
    }
    for (const name of readdirSync(at.module)) if (name.startsWith('checkpoint-')) rmSync(join(at.module, name));
    await assert.rejects(openOwnSigner(at), /lost its witness/);
    rmSync(at.module, { recursive: true });
    await assert.rejects(openOwnSigner(at), /has no state/, 'no new key for a log that another one signed');
    rmSync(at.audit, { recursive: true });
    await assert.rejects(openOwnSigner(at), /another key than/);
    writeFileSync(at.verifierKey, '');
    await assert.rejects(openOwnSigner(at), /another key than/);
  } finally {
    rmSync(root, { recursive: true });
  }
});
