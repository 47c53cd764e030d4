import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { printCosigned } from '../deployment/cosigned-checkpoints.ts';
import { cosignatureLine, cosignedMessage, formatWitnessKey } from '../formats/cosignature.ts';
import { growLog } from '../formats/grown-log.fixture.ts';
import { parseNote } from '../formats/signed-note.ts';
import { tilePath } from '../formats/tlog-tiles.ts';
import { encodeBundle } from '../formats/written-log.fixture.ts';
import { openWitnessed } from './witnessed.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
const NAME = 'witness.example.org';
const ID = 'c0ffee00-0000-4000-8000-000000000000';
const HOUR = 3600;
const START = 1_790_000_000;
const config = {
  id: ID,
  name: 'dev',
  createdAt: new Date(START * 1000).toISOString(),
  stopWithoutWitness: { hours: 5, keys: [formatWitnessKey(NAME, raw)] },
};
const log = growLog(`strongroom/${ID}`, 9);
const AT_REST = Array.from({ length: 7 }, () => START);

function cosigned(time: number, of = log, size = 7): string {
  const checkpoint = of.checkpoint(size);
  return checkpoint + lineOf(checkpoint, time);
}

function lineOf(checkpoint: string, time: number): string {
  const { text } = parseNote(checkpoint);
  return cosignatureLine(NAME, raw, time, sign(null, cosignedMessage(time, text), privateKey));
}

/** Looks are made by a timer, too, which the tests do not wait for: a note that says nothing makes one. */
function openAt(kept: string | undefined, start = START, given: Partial<typeof config> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'witnessed-'));
  const path = join(folder, 'cosigned.json');
  if (kept !== undefined) writeFileSync(path, kept);
  const audit = join(folder, 'audit');
  /** The log has entries of these times and a checkpoint of them all. */
  const grow = (times: readonly number[], of = log): void => {
    const entries = times.map((time) => Buffer.from(JSON.stringify({ time: new Date(time * 1000).toISOString() })));
    const bundle = join(audit, tilePath('entries', 0, times.length));
    mkdirSync(dirname(bundle), { recursive: true });
    writeFileSync(bundle, encodeBundle(entries));
    writeFileSync(join(audit, 'checkpoint'), of.checkpoint(times.length));
  };
  grow(AT_REST);
  const clock = { now: start };
  const open = () => openWitnessed({ config: { ...config, ...given }, path, audit, now: () => clock.now });
  let witnessed = open();
  return {
    grow,
    /** Another life of the worker. */
    restart(): void {
      witnessed[Symbol.dispose]();
      witnessed = open();
    },
    isStopped(now: number, note = ''): boolean {
      clock.now = now;
      witnessed.tell(note);
      return witnessed.now.why !== undefined;
    },
    why: () => witnessed.now.why,
    keep: (note: string) => writeFileSync(path, printCosigned({ checkpoints: { any: note }, failures: {} })),
    [Symbol.dispose]() {
      witnessed[Symbol.dispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

test('an instance stops when no witness has signed for so long, and goes on when one signs', () => {
  using it = openAt(undefined);
  assert.equal(it.isStopped(START + 5 * HOUR - 1), false, 'a new one has its hours');
  assert.equal(it.isStopped(START + 5 * HOUR), true);
  assert.match(it.why() ?? '', /No witness has signed .* since 2026-.*5 hours.*audit witnesses --hsm-name dev/);
  assert.equal(it.isStopped(START + 6 * HOUR, cosigned(START + 6 * HOUR - 10)), false);
  assert.equal(it.isStopped(START + 11 * HOUR - 11), false);
  assert.equal(it.isStopped(START + 11 * HOUR - 10), true);
});

test('at a start it goes by what is kept, and by its age where nothing is: it has no hours anew', () => {
  const kept = (note: string): string => printCosigned({ checkpoints: { any: note }, failures: {} });
  const now = START + 1000 * HOUR;
  using fresh = openAt(kept(cosigned(now - HOUR)), now);
  assert.equal(fresh.why(), undefined);
  using old = openAt(kept(cosigned(now - 6 * HOUR)), now);
  assert.notEqual(old.why(), undefined);
  for (const nothing of [undefined, '', '{}', kept('hello'), kept(cosigned(now, growLog('strongroom/other', 9)))]) {
    using none = openAt(nothing, now);
    assert.notEqual(none.why(), undefined, `${nothing}`);
    assert.equal(none.isStopped(now, cosigned(now - 1)), false);
  }
});

test('only signatures of the configured witnesses over this log count, and none of the future', () => {
  const other = generateKeyPairSync('ed25519').privateKey;
  const { text } = parseNote(log.checkpoint(7));
  const forged = log.checkpoint(7) + cosignatureLine(NAME, raw, START, sign(null, cosignedMessage(START, text), other));
  using it = openAt(undefined);
  const now = START + 6 * HOUR;
  for (const note of [
    '',
    'x',
    log.checkpoint(7),
    forged,
    cosigned(now, growLog('strongroom/x', 9)),
    cosigned(now + 301),
  ]) {
    assert.equal(it.isStopped(now, note), true);
  }
  assert.equal(it.isStopped(now, cosigned(now + 300)), false, 'clocks differ a little');
  assert.equal(it.isStopped(now + 5 * HOUR), true, 'and that lends no time');
  assert.equal(it.isStopped(now + 5 * HOUR, cosigned(now)), true, 'nor does an old one, told again');
});

test('without the rule nothing stops it, and a time of making that does not read does', () => {
  const { stopWithoutWitness: _, ...without } = config;
  const witnessed = openWitnessed({ config: without, path: '/nowhere', audit: '/nowhere', now: () => START * 9 });
  witnessed.tell('x');
  assert.equal(witnessed.now.why, undefined);
  using strange = openAt(undefined, START, { createdAt: 'yesterday' });
  assert.notEqual(strange.why(), undefined);
  assert.equal(strange.isStopped(START, cosigned(START)), false);
});

test('a checkpoint that the log has outgrown does not keep an instance going, however often it is cosigned anew', () => {
  using it = openAt(undefined);
  assert.equal(it.isStopped(START + 4 * HOUR, cosigned(START + 4 * HOUR)), false);
  assert.equal(it.isStopped(START + 8 * HOUR, cosigned(START + 8 * HOUR)), false, 'a log at rest is cosigned anew');
  it.grow([...AT_REST, START + 9 * HOUR, START + 10 * HOUR]);
  for (let hour = 10; hour < 14; hour++) {
    assert.equal(it.isStopped(START + hour * HOUR, cosigned(START + hour * HOUR)), false, `${hour}`);
  }
  for (let hour = 14; hour < 24 * 30; hour++) {
    assert.equal(it.isStopped(START + hour * HOUR, cosigned(START + hour * HOUR)), true, `${hour}`);
  }
  const now = START + 24 * 30 * HOUR;
  it.keep(cosigned(now));
  it.restart();
  assert.equal(it.isStopped(now), true, 'nor does another life of the worker');
  assert.equal(it.isStopped(now, cosigned(now, log, 9)), false, 'the newest does');
  it.keep(cosigned(now, log, 9));
  it.restart();
  assert.equal(it.isStopped(now + 5 * HOUR - 1), false);
  assert.equal(it.isStopped(now + 5 * HOUR), true);
});

test('nor does a larger checkpoint than the log has, or one of another history', () => {
  using it = openAt(undefined);
  const now = START + 6 * HOUR;
  for (const note of [cosigned(now, log, 8), cosigned(now, log.fork(3))]) assert.equal(it.isStopped(now, note), true);
  it.grow(AT_REST, log.fork(3));
  assert.equal(it.isStopped(now, cosigned(now)), true, 'the log is another one now');
  it.grow(AT_REST);
  assert.equal(it.isStopped(now, cosigned(now)), false);
});

test('a clock that was ahead lends no time once it is right again, and one that was behind takes none', () => {
  using it = openAt(undefined);
  const ahead = START + 1000 * HOUR;
  assert.equal(it.isStopped(START + 6 * HOUR, cosigned(ahead)), true);
  it.grow([...AT_REST, 0, START + 6 * HOUR]);
  assert.equal(it.isStopped(START + 6 * HOUR, cosigned(START + 6 * HOUR)), true, 'outgrown in 1970, by its entry');
  assert.equal(it.isStopped(START + 6 * HOUR, cosigned(START + 6 * HOUR, log, 9)), false);
});

test('nobody has a worker verify long notes, several signatures of one key, or the same note again', (context) => {
  using it = openAt(undefined);
  const now = START + 6 * HOUR;
  const checkpoint = log.checkpoint(7);
  const line = lineOf(checkpoint, now);
  assert.equal(it.isStopped(now, checkpoint + line + line), true);
  const [other = ''] = growLog('strongroom/other', 1).checkpoint(1).split('\n').slice(-2);
  assert.equal(it.isStopped(now, checkpoint + line + `${other}\n`.repeat(70)), true, 'over 8 KiB');
  const note = checkpoint + `${other}\n`.repeat(20) + line;
  assert.equal(it.isStopped(now, note), false, 'of others there may be some');
  const looks = context.mock.method(JSON, 'parse');
  it.grow([...AT_REST, now]);
  assert.equal(it.isStopped(now, note), false);
  assert.equal(looks.mock.callCount(), 0, 'no entry is read for it');
  it.isStopped(now, cosigned(now - 1));
  assert.equal(looks.mock.callCount(), 1);
});
