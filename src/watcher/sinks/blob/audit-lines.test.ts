import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { blobName, type Line, lineOf, newestIn } from './audit-lines.ts';

const log = { origin: 'strongroom/a', id: 'a', name: 'dev', resourceId: '/subscriptions/s/managedHSMs/Dev' };
const other = { ...log, origin: 'strongroom/b' };
const line = (index: number, text: string, of = log): Line => lineOf(of, { index, bytes: Buffer.from(text) });

test('a line is the entry as the log has it, with what tells it apart behind its own members', () => {
  const { bytes, folder } = line(7, '{"time":"2026-11-28T05:59:59.999Z","index":"its own"}');
  assert.equal(
    bytes.toString(),
    '{"time":"2026-11-28T05:59:59.999Z","index":"its own","log":"strongroom/a","index":7}\n',
  );
  const name = 'resourceId=/SUBSCRIPTIONS/S/MANAGEDHSMS/DEV/y=2026/m=11/d=28/h=05/m=00/PT1H.json';
  assert.equal(blobName(folder, 0), name);
  assert.match(blobName(folder, 2), /PT1H_2\.json$/);
});

test('whatever an entry is, its line is one line of JSON, and as the last one says how far the log is written', () => {
  const entry = fc.oneof(
    fc.json(),
    fc.string(),
    fc.object().map((value) => JSON.stringify(value)),
    fc.constant('{"a":\n1}'),
    fc.constant('{}'),
  );
  fc.assert(
    fc.property(entry, fc.nat(), fc.string({ unit: 'binary-ascii' }), (text, index, junk) => {
      const { bytes } = line(index, text);
      assert.equal(bytes.indexOf(0x0a), bytes.length - 1);
      const { log: origin, index: told } = JSON.parse(bytes.toString()) as { log: string; index: number };
      assert.deepEqual([origin, told], [log.origin, index]);
      // What comes before it, cut anywhere, does not matter.
      const tail = Buffer.concat([Buffer.from(`${junk}\n`), bytes]);
      assert.equal(newestIn(tail, log), index);
      assert.equal(newestIn(bytes, log), index);
      assert.equal(newestIn(tail, other), -1);
    }),
  );
});

test('a last line that is none of ours says nothing', () => {
  for (const tail of ['', '\n', 'x', '{"log":"strongroom/a"}\n', '{"log":"strongroom/a","index":1.5}\n', '[]\n']) {
    assert.equal(newestIn(Buffer.from(tail), log), -1, tail);
  }
});

test('where an entry goes follows from it alone', () => {
  const folderOf = (text: string, of = log): string => line(1, text, of).folder;
  for (const text of ['{"time":5}', 'no JSON', '{"time":"yesterday"}']) {
    assert.equal(folderOf(text), 'resourceId=/SUBSCRIPTIONS/S/MANAGEDHSMS/DEV/y=1970/m=01/d=01/h=00/m=00');
  }
  // Of one that was purged nothing else tells what it was.
  const gone = { ...log, name: 'a', resourceId: '' };
  const text = '{"time":"2026-11-28T05:00:00.000Z","resourceId":"/SUBSCRIPTIONS/S/HSM"}';
  assert.match(folderOf(text, gone), /^resourceId=\/SUBSCRIPTIONS\/S\/HSM\/y=2026/);
  assert.match(folderOf('{"resourceId":"x"}', gone), /^resourceId=\/STRONGROOM\/A\/y=1970/);
  assert.match(folderOf(text, { ...gone, name: '@management' }), /^resourceId=\/STRONGROOM\/A\/y=2026/);
});
