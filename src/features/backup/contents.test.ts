import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { toPortable } from '../key-backup/portable-version.ts';
import { type ContentsReading, readContents, readKey } from './contents.ts';
import { keyVersion, versionId } from './key-versions.fixture.ts';
import { encodeManifest, FORMAT, type Manifest, type Part } from './manifest.ts';
import type { Line } from './part-lines.ts';

/** A backup whose module opens what it is given; how many parts were read is counted. */
function backupOf(
  parts: Readonly<Record<string, readonly Line[]>>,
  counts: Manifest['counts'],
): ContentsReading & { readonly read: string[] } {
  const read: string[] = [];
  const manifest: Manifest = {
    format: FORMAT,
    folder: 'mhsm-a-1',
    instance: { id: 'i', name: 'a' },
    domain: '0'.repeat(64),
    domainKey: '',
    started: '',
    finished: '',
    head: { sequence: 1, hash: '' },
    counts,
    parts: Object.keys(parts).map((name): Part => ({ name, bytes: 1, sha256: '' })),
  };
  const crypto = {
    async send(message: string, request: { readonly sealed: Uint8Array; readonly value: string }): Promise<object> {
      if (message === 'openBackup') return { content: request.sealed };
      return { versions: JSON.parse(request.value) as unknown, rest: {} };
    },
  } as unknown as Pick<CryptoClient, 'send'>;
  return {
    read,
    crypto,
    backup: {
      manifest,
      bytes: encodeManifest(manifest),
      async read({ name }) {
        read.push(name);
        return Buffer.from((parts[name] ?? []).map((line) => `${JSON.stringify(line)}\n`).join(''));
      },
    },
    randomHex: () => 'ab',
    travels: (name) => (name.startsWith('setting/') ? 'text' : 'stays'),
    stopping: new AbortController().signal,
    progress: () => undefined,
  };
}

function lineOf(name: string, ...ordinals: number[]): Line {
  const versions = ordinals.map((ordinal) => toPortable(keyVersion(name, ordinal, versionId(ordinal))));
  return { name: name.toLowerCase(), value: JSON.stringify(versions) };
}

const partName = (at: number): string => `keys-${String(at + 1).padStart(5, '0')}`;

test('one key is found wherever it lies, over the edges of parts too, by reading few of them', async () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9-]{1,3}$/), { minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(
      names,
      fc.integer({ min: 1, max: 5 }),
      fc.nat(),
      fc.stringMatching(/^[a-z]{4}$/),
      async (all, perPart, pick, absent) => {
        const sorted = [...all].sort();
        const lines = sorted.flatMap((name) => [lineOf(name, 1, 2), lineOf(name, 3)]);
        const parts: Record<string, Line[]> = {};
        for (let at = 0; at < lines.length; at += perPart)
          parts[partName(at / perPart)] = lines.slice(at, at + perPart);
        const reading = backupOf(parts, { keys: sorted.length, versions: sorted.length * 3, records: 0 });
        const wanted = sorted[pick % sorted.length] as string;
        const found = await readKey(reading, wanted.toUpperCase());
        assert.deepEqual(
          found.map(({ name, ordinal }) => [name, ordinal]),
          [
            [wanted, 1],
            [wanted, 2],
            [wanted, 3],
          ],
        );
        assert.ok(
          reading.read.length <= Math.ceil(Math.log2(lines.length / perPart + 1)) + 3,
          `${reading.read.length} parts`,
        );
        await assert.rejects(readKey(reading, absent), { code: 'KeyNotInBackup' });
      },
    ),
    { numRuns: 60 },
  );
});

test('parts that hold what the manifest does not say, or what does not belong there, are refused', async () => {
  const counts = { keys: 1, versions: 1, records: 0 };
  const whole = await readContents(backupOf({ 'keys-00001': [lineOf('k', 1)] }, counts));
  assert.deepEqual([...whole.keys.keys()], ['k']);
  const refused: [Record<string, Line[]>, Manifest['counts'], RegExp][] = [
    [{ 'keys-00001': [lineOf('k', 1)] }, { ...counts, keys: 2 }, /as many keys/],
    [{ 'keys-00001': [lineOf('k', 1, 2)] }, counts, /as many keys/],
    [{ 'keys-00001': [{ ...lineOf('k', 1), name: 'other' }] }, counts, /which does not belong there/],
    [{ 'keys-00001': [lineOf('k', 1), lineOf('k', 1)] }, { ...counts, versions: 2 }, /contradict/],
    [{ 'keys-00001': [lineOf('k', 2), lineOf('k', 1)] }, { ...counts, versions: 2 }, /contradict/],
    [
      { 'records-00001': [{ name: 'promises', value: '{}' }] },
      { keys: 0, versions: 0, records: 1 },
      /does not belong there/,
    ],
    [
      { 'records-00001': [{ name: 'key/k/1', value: '{}' }] },
      { keys: 0, versions: 0, records: 1 },
      /does not belong there/,
    ],
    [
      {
        'records-00001': [
          { name: 'setting/x', value: '' },
          { name: 'setting/x', value: '' },
        ],
      },
      { keys: 0, versions: 0, records: 1 },
      /does not belong there/,
    ],
  ];
  for (const [parts, said, text] of refused) {
    await assert.rejects(readContents(backupOf(parts, said)), { code: 'Damaged', message: text });
  }
});
