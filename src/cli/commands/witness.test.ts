import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { nounsOf } from '../command.ts';
import { dispatch } from '../dispatch.ts';
import { commands } from './witness.ts';

test('a bare key is taken with the name of its log, and without one it is said what to give', async () => {
  using temporary = mkdtempDisposableSync(join(tmpdir(), 'witness-'));
  const folder = join(temporary.path, 'witness');
  const run = async (...words: string[]): Promise<{ code: number; out: string; err: string }> => {
    let [out, err] = ['', ''];
    const terminal = { out: (text: string) => (out += text), err: (text: string) => (err += text) };
    return { code: await dispatch(nounsOf(commands), '0', ['witness', ...words], terminal), out, err };
  };
  assert.equal((await run('init', folder, '--name', 'witness.example.org')).code, 0);
  const key = `--key=${generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x}`;
  const bare = await run('add-log', folder, key);
  assert.equal(bare.code, 2);
  assert.match(bare.err, /a bare key names no log: give --origin strongroom\/INSTANCE-ID/);
  const named = await run('add-log', folder, key, '--origin', 'strongroom/a');
  assert.deepEqual([named.code, named.out], [0, 'strongroom/a is accepted from now on.\n']);
});
