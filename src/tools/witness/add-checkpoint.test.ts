import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { cosignedAt } from '../../formats/cosignature.ts';
import { growLog } from '../../formats/grown-log.fixture.ts';
import { parseNote, verifyNote } from '../../formats/signed-note.ts';
import { parseCheckpoint } from '../../formats/tlog-checkpoint.ts';
import { AcceptedLogs } from './accepted-logs.ts';
import { addCheckpoint } from './add-checkpoint.ts';
import { makeIdentity, readIdentity, WitnessRefusal } from './identity.ts';

const NOW = 1_790_000_000;
const log = growLog('strongroom/one', 600);

function openWitness() {
  const folder = mkdtempSync(join(tmpdir(), 'witness-'));
  const identity = makeIdentity(folder, 'witness.example.org');
  const logs = new AcceptedLogs(folder, identity);
  logs.add(log.origin, log.vkey, new Date());
  const add = (body: string): ReturnType<typeof addCheckpoint> => addCheckpoint(body, logs, identity, () => NOW * 1000);
  const path = join(folder, 'logs', readdirSync(join(folder, 'logs'))[0] ?? '');
  return { folder, identity, logs, add, path, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

test('each answer is that of the specification', () => {
  using witness = openWitness();
  const { add, identity } = witness;
  const conflict = (size: number) => ({ status: 409, contentType: 'text/x.tlog.size', text: `${size}\n` });
  assert.equal(add('').status, 400);
  assert.equal(add(log.request(0, 5).replace('old 0', 'old 00')).status, 400);
  assert.equal(add(log.request(7, 5)).status, 400);
  assert.equal(add(growLog('strongroom/two', 5).request(0, 5)).status, 404);
  assert.equal(add(growLog(log.origin, 5).request(0, 5)).status, 403);
  assert.deepEqual(add(log.request(3, 5)), conflict(0));
  assert.equal(add(log.request(0, 5).replace('\n\n', `\n${Buffer.alloc(32).toString('base64')}\n\n`)).status, 422);

  const first = add(log.request(0, 5));
  assert.equal(first.status, 200);
  const note = parseNote(log.checkpoint(5) + first.text);
  assert.equal(cosignedAt(note, identity.verifier), NOW);
  assert.ok(verifyNote(note, log.verifier));

  assert.deepEqual(add(log.request(0, 9)), conflict(5));
  assert.equal(add(log.request(5, 5)).status, 200, 'the same again, at another time');
  const { text, status, contentType } = add(log.fork(3).request(5, 5));
  assert.deepEqual([status, contentType], [409, 'text/plain; charset=utf-8']);
  assert.match(text, /FORKED/);
  assert.equal(add(log.fork(3).request(5, 9)).status, 422);
  assert.equal(add(log.request(5, 600)).status, 200);
  assert.deepEqual(add(log.request(5, 4)).status, 400);
  assert.deepEqual(add(log.request(4, 4)), conflict(600), 'a log that shrank');
});

test('for all requests of honest and forked histories: what is cosigned is one history, which only grows', () => {
  const size = fc.integer({ min: 0, max: 40 });
  const request = fc.tuple(fc.nat({ max: 2 }), size, size, fc.boolean());
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 25 }), fc.nat({ max: 20 }), (requests, same) => {
      using witness = openWitness();
      const histories = [log, log.fork(same), log.fork(same + 5)];
      const cosigned: { readonly size: number; readonly root: string; readonly by: typeof log }[] = [];
      for (const [which, a, b, asTold] of requests) {
        const by = histories[which] ?? log;
        const { size: known } = witness.logs.get(log.origin) ?? { size: 0 };
        const [older, newer] = asTold ? [known, b] : [a, b];
        if (witness.add(by.request(older, newer)).status !== 200) continue;
        cosigned.push({ size: newer, root: by.root(newer).toString('hex'), by });
      }
      // One history: the last one has every root that was cosigned at its size.
      const last = cosigned.at(-1);
      for (const [i, each] of cosigned.entries()) {
        assert.ok(each.size >= (cosigned[i - 1]?.size ?? 0));
        assert.equal(last?.by.root(each.size).toString('hex'), each.root);
      }
    }),
    { numRuns: 60 },
  );
});

test('the key and what was cosigned are for their owner only, and a key that others may read is refused', () => {
  using witness = openWitness();
  assert.equal(statSync(join(witness.folder, 'witness.json')).mode & 0o777, 0o600);
  assert.equal(statSync(witness.path).mode & 0o777, 0o600);
  assert.throws(() => makeIdentity(witness.folder, 'other.example.org'), /a witness already/);
  assert.throws(() => makeIdentity(witness.folder, 'a b'), WitnessRefusal);
  const text = readFileSync(join(witness.folder, 'witness.json'), 'utf8');
  writeFileSync(join(witness.folder, 'witness.json'), text.replace('BEGIN', 'begin'));
  assert.throws(
    () => readIdentity(witness.folder),
    (error: Error) => {
      assert.ok(error instanceof WitnessRefusal);
      assert.doesNotMatch(error.message, /PRIVATE|MC4/);
      return true;
    },
  );
  writeFileSync(join(witness.folder, 'open.json'), text, { mode: 0o644 });
  rmSync(join(witness.folder, 'witness.json'));
  assert.throws(() => readIdentity(witness.folder), /there is no witness/);
});

test('a log whose file was damaged or set back to another text is not cosigned any more', () => {
  using witness = openWitness();
  assert.equal(witness.add(log.request(0, 5)).status, 200);
  const kept = readFileSync(witness.path, 'utf8');
  for (const damaged of [
    kept.slice(0, -20),
    kept.replace('\\n5\\n', '\\n4\\n'),
    kept.replace(/— witness[^"]*/, ''),
    '{}',
  ]) {
    writeFileSync(witness.path, damaged);
    assert.throws(() => witness.add(log.request(5, 9)), /is damaged/, damaged);
  }
  writeFileSync(witness.path, kept);
  assert.equal(witness.add(log.request(5, 9)).status, 200);
  rmSync(witness.path);
  assert.equal(witness.add(log.request(9, 9)).status, 404, 'and is never begun again by itself');
  assert.throws(() => witness.logs.add(log.origin, 'x', new Date()), /verifier key/);
});

test('the first proof that a log was forked is kept, with both sides signed by the log', () => {
  using witness = openWitness();
  witness.add(log.request(0, 5));
  const fork = log.fork(2);
  assert.match(witness.add(fork.request(5, 5)).noted ?? '', /strongroom\/one, 5 entries: .*FORKED/);
  witness.add(log.fork(1).request(5, 5));
  const { file } = witness.logs.all()[0] ?? {};
  assert.equal(file?.forked, fork.checkpoint(5));
  const { note, checkpoint } = parseCheckpoint(file?.checkpoint ?? '');
  assert.ok(verifyNote(note, log.verifier));
  assert.ok(checkpoint.root.equals(log.root(5)));
  assert.equal(witness.add(log.request(5, 6)).status, 200, 'the history that was cosigned goes on');
});
