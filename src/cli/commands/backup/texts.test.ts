import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMAT, type Manifest } from '../../../features/backup/manifest.ts';
import { textOf } from './texts.ts';

const hash = Buffer.alloc(32, 1).toString('base64url');
const time = '2026-08-09T10:11:12Z';
const manifest: Manifest = {
  format: FORMAT,
  folder: 'mhsm-dev-2026080910111200',
  instance: { id: 'i-1', name: 'dev' },
  domain: '01'.repeat(32),
  domainKey: hash,
  started: time,
  finished: time,
  head: { sequence: 1, hash },
  counts: { keys: 1, versions: 1, records: 0 },
  parts: [{ name: 'keys-00001', bytes: 1, sha256: hash }],
};

test('a file whose name would rewrite the terminal cannot turn the verdict around', () => {
  const file = '\u001b[2A\u001b[2KThe backup is whole.\u202e\r\u001b[J';
  const text = textOf({ manifest, faults: [{ file, what: 'is not in the manifest' }] }, false);
  assert.match(text, /^The backup is NOT whole/);
  assert.doesNotMatch(text.replaceAll('\n', ''), /\p{C}/u);
  assert.equal(text.split('\n').filter((line) => line.includes('The backup is whole')).length, 1);
});
