import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openAuditLog } from '../../links/recorder/open-audit-log.ts';
import { entryText, makePlace, ORIGIN, type Place, signCheckpoint } from '../../recorder/recorder.fixture.ts';
import { startRecorder } from '../../recorder/start-recorder.ts';
import { FollowedEntries } from './follow-entries.ts';
import { openEntries } from './read-entries.ts';

const refuse = (): Promise<string> => Promise.reject(new Error('this worker does not sign'));

function start({ folder, socketPath }: Place, checkpointInterval = 100_000) {
  return startRecorder({
    folder,
    socketPath,
    origin: ORIGIN,
    report: () => undefined,
    segmentLength: 64 * 1024,
    checkpointInterval,
  });
}

/** All that there is now. */
function readAll(followed: FollowedEntries): string[] {
  const texts: string[] = [];
  for (let batch = followed.read(); batch !== undefined; batch = followed.read()) {
    assert.equal(batch.first + batch.entries.length, followed.next);
    texts.push(...batch.entries.map(String));
  }
  return texts;
}

const nameOf = (text: string): unknown => (JSON.parse(text) as { readonly correlationId: unknown }).correlationId;
const textsOf = (place: Place, from = 0): string[] => [...openEntries(place.folder).from(from)].map(({ text }) => text);

test('for all ways in which a log grows: each entry once and in order, over restarts of either', async () => {
  const burst = fc.record({ count: fc.integer({ min: 1, max: 400 }), filler: fc.constantFrom(0, 300, 60_000) });
  await fc.assert(
    fc.asyncProperty(fc.array(burst, { minLength: 1, maxLength: 5 }), async (bursts) => {
      using place = makePlace();
      let time = 0;
      const given: string[] = [];
      const same = () => assert.equal(followed.previous()?.toString(), given.at(-1));
      let followed = new FollowedEntries(place.folder, 0, () => time);
      for (const [nth, { count, filler }] of bursts.entries()) {
        await using _recorder = await start(place);
        await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint: refuse });
        const few = filler > 1000 ? Math.min(count, 12) : count;
        await Promise.all(Array.from({ length: few }, (_, i) => log.append(entryText(`w${nth}`, i, filler))));
        given.push(...readAll(followed));
        same();
        if (nth % 2 === 1) followed = new FollowedEntries(place.folder, given.length, () => time);
        same();
      }
      given.push(...readAll(followed));
      same();
      time += 10_000;
      given.push(...readAll(followed));
      assert.deepEqual(given.map(nameOf), textsOf(place).map(nameOf));
    }),
    { numRuns: 12 },
  );
});

test('what may still be lost with the machine is given when it is settled, or signed', async () => {
  using place = makePlace();
  let time = 0;
  await using _recorder = await start(place, 20);
  const followed = new FollowedEntries(place.folder, 0, () => time);
  assert.equal(followed.read(), undefined, 'of an empty log');
  await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint: refuse });
  await log.append(entryText('w', 0));
  assert.deepEqual(readAll(followed), [], 'the newest batch');
  await log.append(entryText('w', 1));
  assert.deepEqual(readAll(followed), [entryText('w', 0)], 'the one before it');
  time += 2_000;
  assert.deepEqual(readAll(followed), [entryText('w', 1)], 'after a while');
  await log[Symbol.asyncDispose]();
  {
    await using signing = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
    await signing.append(entryText('w', 2));
    // It leaves with a checkpoint.
  }
  assert.deepEqual(readAll(followed), [entryText('w', 2)], 'signed');
});

test('from anywhere in the log', async () => {
  using place = makePlace();
  {
    await using _recorder = await start(place);
    await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
    await Promise.all(Array.from({ length: 700 }, (_, i) => log.append(entryText('w', i, 100))));
  }
  for (const from of [0, 1, 255, 256, 511, 600, 699, 700]) {
    assert.deepEqual(readAll(new FollowedEntries(place.folder, from)), textsOf(place, from), String(from));
  }
});
