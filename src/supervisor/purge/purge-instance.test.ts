import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Places, places } from '../../deployment/data-layout.ts';
import { appendPurged, purgeRecordFile, readPurgeRecord } from '../../deployment/purge-record.ts';
import { destroyFolder } from '../../files/destroy-folder.ts';
import { isBeingPurged, type PurgeOrder, type PurgeStep, purgeInstance, resumePurges } from './purge-instance.ts';

const FIXTURE = fileURLToPath(new URL('purge.fixture.ts', import.meta.url));
const ID = '6f1f3a52-9d1c-4f0b-8a55-0f6f5f6b9a10';
const OTHER = '7a1f3a52-9d1c-4f0b-8a55-0f6f5f6b9a11';
const folder = mkdtempSync(join(tmpdir(), 'strongroom-purge-'));
after(() => rmSync(folder, { recursive: true }));

const order: PurgeOrder = {
  name: 'dev',
  instanceId: ID,
  resourceId: '/r',
  deletedAt: '2026-11-25T08:00:00.000Z',
  reason: 'requested',
};

/** A stopped instance's files; the module's are as many and as odd as they may ever be. */
function instance(root: string): Places {
  const at = places(root);
  const own = at.instance('dev');
  for (const path of [own.module, join(own.module, 'deeper'), own.store, own.audit, join(own.root, 'run')]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  }
  for (const name of ['seal.key', 'state.sealed', 'head.sealed', 'deeper/other.sealed', 'empty']) {
    writeFileSync(join(own.module, name), name === 'empty' ? '' : `secret ${name}`);
  }
  symlinkSync(own.config, join(own.module, 'link'));
  for (const path of [own.config, join(own.store, 'store.db'), join(own.root, 'stopped')]) writeFileSync(path, 'x');
  writeFileSync(join(own.audit, 'checkpoint'), 'the last checkpoint');
  mkdirSync(at.index);
  for (const name of [`${ID}.db`, `${ID}.db-journal`, `${OTHER}.db`]) writeFileSync(join(at.index, name), 'x');
  return at;
}

function assertPurged(at: Places): void {
  assert.deepEqual(readdirSync(at.instances), []);
  assert.deepEqual(readdirSync(at.index), [`${OTHER}.db`]);
  assert.equal(readFileSync(join(at.purged, ID, 'checkpoint'), 'utf8'), 'the last checkpoint');
  assert.deepEqual(
    readPurgeRecord(at.purged).map(({ instanceId, checkpoint, sequence }) => [instanceId, checkpoint, sequence]),
    [[ID, 'the last checkpoint', 1]],
  );
}

test('a purge leaves the log and the record, and nothing else, the index of its log neither', async () => {
  const at = instance(join(folder, 'whole'));
  await purgeInstance(order, { places: at, now: () => 0 });
  assertPurged(at);
});

const crashes: readonly (readonly [PurgeStep, number])[] = [
  ['marked', 1],
  ['file destroyed', 1],
  ['file destroyed', 2],
  ['file destroyed', 4],
  ['root keys destroyed', 1],
  ['recorded', 1],
  ['log kept', 1],
];
for (const [step, count] of crashes) {
  test(`killed at '${step}' (${count}), it claims nothing that is not so, and the next start ends it`, () => {
    const at = instance(join(folder, `${step}-${count}`));
    const child = spawnSync(process.execPath, [FIXTURE, at.root, JSON.stringify(order), step, String(count)]);
    assert.equal(child.signal, 'SIGKILL', child.stderr.toString());
    const own = at.instance('dev');
    const claims = existsSync(purgeRecordFile(at.purged)) ? readPurgeRecord(at.purged).length : 0;
    if (claims > 0) assert.equal(existsSync(own.module), false);
    // From the first file on there is nothing that opens the state, whatever else is left.
    if (step === 'file destroyed') assert.equal(existsSync(join(own.module, 'seal.key')), false);
    assert.ok(isBeingPurged(at, 'dev'));
    assert.deepEqual(resumePurges({ places: at, now: () => 0 }), ['dev']);
    assertPurged(at);
    assert.deepEqual(resumePurges({ places: at, now: () => 0 }), []);
  });
}

test('what is destroyed is overwritten before it is unlinked, and a link is not followed', () => {
  const own = join(folder, 'destroy');
  mkdirSync(own);
  const outside = join(folder, 'outside');
  writeFileSync(outside, 'not mine');
  writeFileSync(join(own, 'state.sealed'), 'secret'.repeat(50_000));
  // A second name shows what the first one's file holds at the end.
  const shadow = join(folder, 'shadow');
  linkSync(join(own, 'state.sealed'), shadow);
  symlinkSync(outside, join(own, 'link'));
  destroyFolder(own);
  assert.equal(existsSync(own), false);
  const left = readFileSync(shadow);
  assert.equal(left.length, 300_000);
  assert.equal(left.includes('secret'), false);
  assert.equal(readFileSync(outside, 'utf8'), 'not mine');
});

test('the record is a chain: an altered, dropped or torn line shows, and a torn end is cut off', () => {
  const own = join(folder, 'record');
  mkdirSync(own);
  const purged = (instanceId: string) => ({
    ...order,
    instanceId,
    rootKeysDestroyedAt: order.deletedAt,
    checkpoint: '',
  });
  for (const id of ['a', 'b', 'c', 'b']) appendPurged(own, purged(id));
  assert.deepEqual(
    readPurgeRecord(own).map(({ instanceId }) => instanceId),
    ['a', 'b', 'c'],
  );
  appendFileSync(purgeRecordFile(own), '{"sequence":4,"na');
  appendPurged(own, purged('d'));
  assert.equal(readPurgeRecord(own).length, 4);
  const content = readFileSync(purgeRecordFile(own), 'utf8');
  const lines = content.split('\n');
  for (const altered of [
    content.replace('"requested"', '"retention ended"'),
    [...lines.slice(0, 1), ...lines.slice(2)].join('\n'),
    [...lines.slice(0, 1), lines[2], lines[1], ...lines.slice(3)].join('\n'),
    content.replace('"a"', '"a","more":1'),
  ]) {
    writeFileSync(purgeRecordFile(own), altered);
    assert.throws(() => readPurgeRecord(own), /was altered/);
    assert.throws(() => appendPurged(own, purged('e')), /was altered/);
  }
});
