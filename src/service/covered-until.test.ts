import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseCheckpoint } from '../formats/tlog-checkpoint.ts';
import { openAuditLog } from '../links/recorder/open-audit-log.ts';
import { makePlace, ORIGIN, signCheckpoint } from '../recorder/recorder.fixture.ts';
import { startRecorder } from '../recorder/start-recorder.ts';
import { coveredUntil } from './covered-until.ts';

const START = 1_790_000_000;

/** Entries a second apart, from the index on. */
async function record({ folder, socketPath }: ReturnType<typeof makePlace>, from: number, to: number): Promise<void> {
  await using _recorder = await startRecorder({ folder, socketPath, origin: ORIGIN, report: assert.fail });
  await using log = await openAuditLog({ socketPath, signCheckpoint });
  for (let index = from; index < to; index += 1) {
    await log.append(JSON.stringify({ time: new Date((START + index) * 1000).toISOString() }));
  }
}

test('a checkpoint covers its log until the first entry after it, at every edge of what is published', async () => {
  using place = makePlace();
  const text = (): string => readFileSync(join(place.folder, 'checkpoint'), 'utf8');
  const seen: ReturnType<typeof parseCheckpoint>['checkpoint'][] = [];
  let size = 0;
  for (const next of [1, 3, 255, 256, 257, 512, 600]) {
    await record(place, size, next);
    size = next;
    const { checkpoint } = parseCheckpoint(text());
    assert.equal(checkpoint.size, size);
    assert.equal(coveredUntil(place.folder, checkpoint), Number.POSITIVE_INFINITY, 'as long as nothing comes');
    for (const older of seen) assert.equal(coveredUntil(place.folder, older), START + older.size, `${older.size}`);
    seen.push(checkpoint);
  }
});

test('what is not of the log as it is, or does not read, covers nothing', async () => {
  using place = makePlace();
  await record(place, 0, 9);
  const path = join(place.folder, 'checkpoint');
  const text = readFileSync(path, 'utf8');
  const { size, root } = parseCheckpoint(text).checkpoint;
  const nothing = (what: Parameters<typeof coveredUntil>[1]): void =>
    assert.equal(coveredUntil(place.folder, what), Number.NEGATIVE_INFINITY);
  assert.equal(coveredUntil(place.folder, { size: 4, root }), START + 4);
  nothing({ size, root: Buffer.alloc(32) });
  nothing({ size: size + 1, root });
  rmSync(join(place.folder, 'tile/entries'), { recursive: true });
  nothing({ size: 4, root });
  writeFileSync(path, 'x');
  nothing({ size, root });
  rmSync(path);
  nothing({ size, root });
});
