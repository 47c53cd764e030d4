import assert from 'node:assert/strict';
import fs, { cpSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { RECORD_HEAD, readRecord, sealRecord } from '../../../formats/journal-format.ts';
import { parseVkey } from '../../../formats/signed-note.ts';
import { bundleEntries } from '../../../formats/tlog-tiles.ts';
import { encodeBundle } from '../../../formats/written-log.fixture.ts';
import { openAuditLog } from '../../../links/recorder/open-audit-log.ts';
import { entryText, makePlace, ORIGIN, type Place, signCheckpoint, VKEY } from '../../../recorder/recorder.fixture.ts';
import { startRecorder } from '../../../recorder/start-recorder.ts';
import type { Damage } from './findings.ts';
import { type Verification, verifyLog } from './verify-log.ts';

const verifier = parseVkey(VKEY);

async function record(
  place: Place,
  from: number,
  to: number,
  segmentLength: number,
  textOf = (i: number): string => entryText('w', i),
): Promise<void> {
  const { folder, socketPath } = place;
  await using _recorder = await startRecorder({
    folder,
    socketPath,
    origin: ORIGIN,
    segmentLength,
    report: assert.fail,
  });
  await using log = await openAuditLog({ socketPath, signCheckpoint });
  for (let i = from; i < to; i++) await log.append(textOf(i));
}

/** A log whose folder each test changes a copy of. */
async function copies(
  place: Place,
  count: number,
  segmentLength: number,
): Promise<(change: (folder: string) => void, saved?: string) => Verification> {
  await record(place, 0, count, segmentLength);
  const copy = `${place.folder}-copy`;
  return (change, saved) => {
    rmSync(copy, { recursive: true, force: true });
    cpSync(place.folder, copy, { recursive: true });
    change(copy);
    return verifyLog({ folder: copy, verifier, saved: saved === undefined ? [] : [{ name: 'saved', text: saved }] });
  };
}

function flip(path: string, offset: number): void {
  const bytes = readFileSync(path);
  bytes[offset] = (bytes[offset] as number) ^ (1 << (offset % 8));
  writeFileSync(path, bytes);
}
function filesOf(folder: string): string[] {
  return (readdirSync(folder, { recursive: true }) as string[])
    .filter((path) => statSync(join(folder, path)).isFile() && !['lock', 'journal/spare'].includes(path))
    .sort();
}
function first(result: Verification): Damage {
  const [damage] = result.damage;
  assert.ok(damage !== undefined, 'damage was found');
  return damage;
}

test('an untouched log is whole, and a later one goes on from a saved checkpoint', async () => {
  using place = makePlace();
  await record(place, 0, 300, 64 * 1024);
  const saved = readFileSync(join(place.folder, 'checkpoint'), 'utf8');
  await record(place, 300, 900, 64 * 1024);
  const result = verifyLog({ folder: place.folder, verifier, saved: [{ name: 'saved', text: saved }] });
  assert.deepEqual(result.damage, []);
  assert.deepEqual(result.proof, { proven: 900, unproven: 0, state: 'all' });
  assert.deepEqual(
    result.checkpoints.map(({ size, holds, signature }) => [size, holds, signature]),
    [
      [900, true, 'verified'],
      [300, true, 'verified'],
    ],
  );
});

test('every single changed byte of a small log is found, and its entry named', async () => {
  using place = makePlace();
  await record(place, 0, 6, 8192);
  const paths = filesOf(place.folder);
  assert.deepEqual(
    paths.map((path) => path.replace(/\d{16}/, 'N')),
    ['checkpoint', 'journal/N', 'tile/0/000.p/6', 'tile/entries/000.p/6'],
  );
  for (const path of paths) {
    const full = join(place.folder, path);
    const whole = readFileSync(full);
    // The zeros of the header's padding and of the unused end are all alike: some of them stand for the rest.
    const zeros = (at: number): boolean => at > 64 && isZeroAround(whole, at);
    for (let at = 0; at < whole.length; at += zeros(at) ? 29 : 1) {
      flip(full, at);
      const result = verifyLog({ folder: place.folder, verifier });
      assert.ok(result.damageCount > 0, `${path} byte ${at}`);
      assert.ok(
        result.damage.some(({ file }) => file === path),
        `${path} byte ${at}: ${JSON.stringify(result.damage)}`,
      );
      const expected = entryAt(path, whole, at);
      if (expected !== undefined) assert.equal(first(result).entry, expected, `${path} byte ${at}`);
      writeFileSync(full, whole);
    }
  }
  assert.deepEqual(verifyLog({ folder: place.folder, verifier }).damage, []);
});

function isZeroAround(bytes: Buffer, at: number): boolean {
  return bytes.subarray(Math.max(0, at - 40), at + 40).every((byte) => byte === 0);
}

/** Which entry a byte belongs to. */
function entryAt(path: string, bytes: Buffer, at: number): number | undefined {
  if (path.startsWith('journal/') && at >= 4096) {
    let start = 4096;
    for (let record = readRecord(bytes, start); record !== undefined; record = readRecord(bytes, start)) {
      if (at < record.end) return record.index;
      start = record.end;
    }
    return 6;
  }
  if (path.startsWith('tile/0/')) return Math.floor(at / 32);
  if (path.startsWith('tile/entries/')) {
    return bundleEntries(bytes).entries.findIndex(({ offset, entry }) => at < offset + 2 + entry.length);
  }
  return undefined;
}

test('changed bytes of a log with full tiles are found everywhere, in the file and at the entry', async () => {
  using place = makePlace();
  await record(place, 0, 700, 16 * 1024);
  let seed = 7;
  for (const path of filesOf(place.folder)) {
    const full = join(place.folder, path);
    const whole = readFileSync(full);
    for (let i = 0; i < 12; i++) {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      const at = seed % whole.length;
      flip(full, at);
      const result = verifyLog({ folder: place.folder, verifier });
      assert.ok(
        result.damage.some(({ file }) => file === path),
        `${path} byte ${at}: ${JSON.stringify(result.damage.slice(0, 3))}`,
      );
      if (/^tile\/entries\/\d{3}$/.test(path)) {
        const index = bundleEntries(whole).entries.findIndex(({ offset, entry }) => at < offset + 2 + entry.length);
        assert.equal(first(result).entry, Number(path.slice(-3)) * 256 + index);
      }
      writeFileSync(full, whole);
    }
  }
});

test('entries dropped, swapped, doubled or rewritten in a bundle are found at the first that differs', async () => {
  using place = makePlace();
  const changed = await copies(place, 600, 16 * 1024);
  const rewrite = (change: (entries: Buffer[]) => Buffer[]) => (folder: string) => {
    const path = join(folder, 'tile/entries/000');
    writeFileSync(path, encodeBundle(change(bundleEntries(readFileSync(path)).entries.map(({ entry }) => entry))));
  };
  for (const change of [
    (entries: Buffer[]) => entries.toSpliced(100, 1),
    (entries: Buffer[]) => entries.toSpliced(100, 2, entries[101] as Buffer, entries[100] as Buffer),
    (entries: Buffer[]) => entries.toSpliced(100, 0, entries[99] as Buffer),
    (entries: Buffer[]) => entries.with(100, Buffer.from('{"operationName":"KeyGet"}')),
    (entries: Buffer[]) => entries.slice(0, 100),
  ]) {
    const damage = first(changed(rewrite(change)));
    assert.deepEqual([damage.file, damage.entry], ['tile/entries/000', 100]);
    assert.equal(typeof damage.offset, 'number');
  }
});

test('a missing, foreign or exchanged file is named', async () => {
  using place = makePlace();
  const changed = await copies(place, 800, 16 * 1024);
  for (const [change, file, entry] of [
    [(f: string) => rmSync(join(f, 'tile/entries/001')), 'tile/entries/001', 256],
    [(f: string) => rmSync(join(f, 'tile/0/001')), 'tile/0/001', 256],
    [(f: string) => rmSync(join(f, 'journal'), { recursive: true }), 'journal', 768],
    [(f: string) => cpSync(join(f, 'tile/0/000'), join(f, 'tile/0/001')), 'tile/0/001', 256],
    [(f: string) => cpSync(join(f, 'tile/entries/000'), join(f, 'tile/entries/001')), 'tile/entries/001', 256],
    [(f: string) => writeFileSync(join(f, 'notes.txt'), 'hello'), 'notes.txt', undefined],
  ] as const) {
    const result = changed(change);
    assert.ok(
      result.damage.some((each) => each.file === file && each.entry === entry),
      `${file}: ${JSON.stringify(result.damage)}`,
    );
  }
});

test('a tail that was cut off is found by the checkpoint on disk, and without it by one kept elsewhere', async () => {
  using place = makePlace();
  await record(place, 0, 4, 64 * 1024);
  const early = readFileSync(join(place.folder, 'journal/0000000000000000'));
  await record(place, 4, 10, 64 * 1024);
  const saved = readFileSync(join(place.folder, 'checkpoint'), 'utf8');
  writeFileSync(join(place.folder, 'journal/0000000000000000'), early);
  rmSync(join(place.folder, 'tile'), { recursive: true });
  const damage = verifyLog({ folder: place.folder, verifier });
  assert.deepEqual([first(damage).entry, damage.size], [4, 4]);
  assert.match(first(damage).what, /names 10 entries, the log has 4/);
  rmSync(join(place.folder, 'checkpoint'));
  const without = verifyLog({ folder: place.folder, verifier });
  assert.deepEqual(without.damage, [], 'nothing left tells of the others');
  assert.deepEqual(without.proof, { proven: 0, unproven: 4, state: 'nothing' });
  const found = first(verifyLog({ folder: place.folder, verifier, saved: [{ name: 'saved', text: saved }] }));
  assert.deepEqual([found.file, found.entry], ['saved', 4]);
});

test('a log rewritten throughout, checksums and all, does not hold against its checkpoint', async () => {
  using place = makePlace();
  await record(place, 0, 10, 64 * 1024);
  const path = join(place.folder, 'journal/0000000000000000');
  const bytes = readFileSync(path);
  const old = readRecord(bytes, 4096);
  assert.ok(old !== undefined);
  bytes.write('KeyHide', 4096 + RECORD_HEAD + old.entry.indexOf('KeySign'));
  sealRecord(bytes, 4096, old.entry.length, old);
  writeFileSync(path, bytes);
  rmSync(join(place.folder, 'tile'), { recursive: true });
  const result = verifyLog({ folder: place.folder, verifier });
  assert.equal(result.checkpoints[0]?.holds, false);
  assert.match(first(result).what, /entries 0 to 9 differ/);
});

test('records that changed places or were stored twice are found though each is whole', async () => {
  using place = makePlace();
  await record(place, 0, 10, 64 * 1024);
  const path = join(place.folder, 'journal/0000000000000000');
  const bytes = readFileSync(path);
  const [a, b] = [readRecord(bytes, 4096), readRecord(bytes, readRecord(bytes, 4096)?.end ?? 0)];
  assert.ok(a !== undefined && b !== undefined && a.entry.length === b.entry.length);
  const swapped = Buffer.from(bytes);
  bytes.copy(swapped, 4096, a.end, b.end);
  bytes.copy(swapped, a.end, 4096, a.end);
  writeFileSync(path, swapped);
  const damage = first(verifyLog({ folder: place.folder, verifier }));
  assert.deepEqual([damage.entry, damage.offset], [0, 4096]);
  assert.match(damage.what, /a record of entry 1 stands where entry 0 should/);
  const doubled = Buffer.from(bytes);
  sealRecord(doubled, a.end, b.entry.length, { ...b, counter: a.counter });
  writeFileSync(path, doubled);
  assert.match(first(verifyLog({ folder: place.folder, verifier })).what, /same worker and number was stored before/);
});

test('a checkpoint of another key, another log or another history is told apart', async () => {
  using place = makePlace();
  await record(place, 0, 10, 64 * 1024);
  const other = await signCheckpoint(5, Buffer.alloc(32, 1));
  const history = verifyLog({ folder: place.folder, verifier, saved: [{ name: 'saved', text: other }] });
  assert.deepEqual(
    history.checkpoints.map(({ holds }) => holds),
    [true, false],
  );
  assert.match(first(history).what, /entries 0 to 4 differ/);
  const signed = readFileSync(join(place.folder, 'checkpoint'), 'utf8');
  const unsigned = signed.replace(/— .*\n$/, `— ${ORIGIN} ${Buffer.alloc(68, 1).toString('base64')}\n`);
  assert.match(
    first(verifyLog({ folder: place.folder, verifier, saved: [{ name: 'saved', text: unsigned }] })).what,
    /not signed/,
  );
  assert.match(
    first(verifyLog({ folder: place.folder, verifier, saved: [{ name: 'saved', text: 'hello' }] })).what,
    /empty line/,
  );
  renameSync(join(place.folder, 'checkpoint'), join(place.folder, '.checkpoint.tmp'));
  assert.deepEqual(verifyLog({ folder: place.folder, verifier }).checkpoints, []);
});

test('a full tile that a crash kept from being written is owed, not lost, until a checkpoint names it', async () => {
  using place = makePlace();
  const changed = await copies(place, 250, 1 << 20);
  const early = readFileSync(join(place.folder, 'checkpoint'), 'utf8');
  await record(place, 250, 300, 1 << 20);
  const tile = join('tile/0/000');
  const asBefore = changed(() => undefined);
  assert.equal(asBefore.damageCount, 0);
  const owed = changed((folder) => {
    rmSync(join(folder, tile));
    writeFileSync(join(folder, 'checkpoint'), early);
  });
  assert.deepEqual(owed.damage, []);
  const lost = changed((folder) => rmSync(join(folder, tile)));
  assert.ok(lost.damage.some(({ file }) => file === tile));
});

test('a partial tile that the recorder replaces while the log is read does not end the reading', async (context) => {
  using place = makePlace();
  await record(place, 0, 5, 1 << 20);
  const read = fs.readFileSync;
  let gone = 0;
  context.mock.method(fs, 'readFileSync', (...args: Parameters<typeof read>) => {
    const path = String(args[0]);
    if (gone === 0 && path.includes('.p/')) {
      gone += 1;
      rmSync(path);
    }
    return read(...args);
  });
  syncBuiltinESMExports();
  try {
    assert.equal(verifyLog({ folder: place.folder, verifier }).damageCount, 0);
    assert.equal(gone, 1);
  } finally {
    context.mock.restoreAll();
    syncBuiltinESMExports();
  }
});

test('what no checkpoint covers is told apart: entries of moments that are not signed yet, and entries of longer', async () => {
  using place = makePlace();
  const checkpoint = join(place.folder, 'checkpoint');
  const { folder } = place;
  const at = (seconds: number): string => new Date(1.79e12 + seconds * 1000).toISOString();
  const proofOf = (...saved: string[]): Verification['proof'] => {
    const result = verifyLog({ folder, verifier, saved: saved.map((text) => ({ name: 'saved', text })) });
    assert.deepEqual(result.damage, []);
    return result.proof;
  };
  await record(place, 0, 300, 1 << 20, (i) => JSON.stringify({ time: at(i * 60) }));
  const early = readFileSync(checkpoint, 'utf8');
  await record(place, 300, 600, 1 << 20, (i) => JSON.stringify({ time: at(i * 60 + (i === 300 ? 0 : 1)) }));
  const full = readFileSync(checkpoint, 'utf8');

  writeFileSync(checkpoint, early);
  assert.deepEqual(proofOf(), { proven: 300, unproven: 300, state: 'tail-unproven' });
  assert.deepEqual(proofOf(full), { proven: 600, unproven: 0, state: 'all' });
  rmSync(checkpoint);
  assert.deepEqual(proofOf(early), { proven: 300, unproven: 300, state: 'tail-unproven' });
  assert.deepEqual(proofOf(), { proven: 0, unproven: 600, state: 'nothing' });

  writeFileSync(checkpoint, full);
  await record(place, 600, 900, 1 << 20, (i) => JSON.stringify({ time: at(600 * 60 + i / 100) }));
  writeFileSync(checkpoint, full);
  assert.deepEqual(proofOf(), { proven: 600, unproven: 300, state: 'tail-unsigned' });
});
