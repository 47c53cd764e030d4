import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { printCosigned } from '../deployment/cosigned-checkpoints.ts';
import { cosignatureLine, cosignedMessage, formatWitnessKey } from '../formats/cosignature.ts';
import { growLog } from '../formats/grown-log.fixture.ts';
import { parseNote } from '../formats/signed-note.ts';
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

function cosigned(time: number, of = log): string {
  const checkpoint = of.checkpoint(7);
  const { text } = parseNote(checkpoint);
  return checkpoint + cosignatureLine(NAME, raw, time, sign(null, cosignedMessage(time, text), privateKey));
}

/** Looks are made by a timer, too, which the tests do not wait for: a note that says nothing makes one. */
function openAt(kept: string | undefined, start = START, given: Partial<typeof config> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'witnessed-'));
  const path = join(folder, 'cosigned.json');
  if (kept !== undefined) writeFileSync(path, kept);
  const clock = { now: start };
  const witnessed = openWitnessed({ config: { ...config, ...given }, path, now: () => clock.now });
  return {
    isStopped(now: number, note = ''): boolean {
      clock.now = now;
      witnessed.tell(note);
      return witnessed.now.why !== undefined;
    },
    witnessed,
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
  assert.match(
    it.witnessed.now.why ?? '',
    /No witness has signed .* since 2026-.*5 hours.*audit witnesses --hsm-name dev/,
  );
  assert.equal(it.isStopped(START + 6 * HOUR, cosigned(START + 6 * HOUR - 10)), false);
  assert.equal(it.isStopped(START + 11 * HOUR - 11), false);
  assert.equal(it.isStopped(START + 11 * HOUR - 10), true);
});

test('at a start it goes by what is kept, and by its age where nothing is: it has no hours anew', () => {
  const kept = (note: string): string => printCosigned({ checkpoints: { any: note }, failures: {} });
  const now = START + 1000 * HOUR;
  using fresh = openAt(kept(cosigned(now - HOUR)), now);
  assert.equal(fresh.witnessed.now.why, undefined);
  using old = openAt(kept(cosigned(now - 6 * HOUR)), now);
  assert.notEqual(old.witnessed.now.why, undefined);
  for (const nothing of [undefined, '', '{}', kept('hello'), kept(cosigned(now, growLog('strongroom/other', 9)))]) {
    using none = openAt(nothing, now);
    assert.notEqual(none.witnessed.now.why, undefined, `${nothing}`);
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
  const witnessed = openWitnessed({ config: without, path: '/nowhere', now: () => START * 9 });
  witnessed.tell('x');
  assert.equal(witnessed.now.why, undefined);
  using strange = openAt(undefined, START, { createdAt: 'yesterday' });
  assert.notEqual(strange.witnessed.now.why, undefined);
  assert.equal(strange.isStopped(START, cosigned(START)), false);
});
