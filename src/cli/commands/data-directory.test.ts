// Commands that read a data directory whether a service runs or not: where there is none they do not say that all is well.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openAuditLog } from '../../links/recorder/open-audit-log.ts';
import { signCheckpoint } from '../../recorder/recorder.fixture.ts';
import { startRecorder } from '../../recorder/start-recorder.ts';
import { dispatch } from '../dispatch.ts';
import { nouns } from '../nouns.ts';

const root = mkdtempSync(join(tmpdir(), 'data-directory-'));
const data = join(root, 'stopped');
const GONE = {
  time: '2020-01-01T00:00:00.000Z',
  operationName: 'AlertFired',
  resultDescription: 'It came true.',
  properties: { detail: { rule: 'gone-since' } },
};

before(async () => {
  const folder = join(data, 'management', 'audit');
  mkdirSync(join(data, 'control'), { recursive: true });
  mkdirSync(join(data, 'management'));
  mkdirSync(join(root, 'empty'));
  const socketPath = join(root, 'recorder.sock');
  const origin = 'strongroom/c0ffee00-0000-4000-8000-000000000000';
  await using _recorder = await startRecorder({ folder, socketPath, origin, report: () => undefined });
  await using log = await openAuditLog({ socketPath, signCheckpoint });
  await log.append(JSON.stringify(GONE));
});
after(() => rmSync(root, { recursive: true }));

async function said(directory: string, ...words: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const terminal = { out: (text: string) => (out += text), err: (text: string) => (err += text) };
  const code = await dispatch(nouns, '0', [...words, '--data', directory], terminal);
  return { code, out, err };
}

for (const words of [
  ['sinks', 'status'],
  ['alerts', 'list'],
  ['alerts', 'show', 'key-purge-tried'],
  ['alerts', 'history'],
  ['alerts', 'silence', 'clock-moved', '--for', '2h', '--reason', 'a drill'],
  ['alias', 'list'],
  ['alias', 'remove', 'payments'],
  ['identity', 'list'],
  ['federation', 'remove', 'cluster'],
]) {
  test(`${words.slice(0, 2).join(' ')} says where nothing of a service is, and what to do; one that is stopped is read`, async () => {
    for (const none of [join(root, 'none'), join(root, 'empty')]) {
      const { code, out, err } = await said(none, ...words);
      assert.deepEqual([code, out], [1, ''], err);
      assert.match(err, /no strongroom serves from .*; start one with .*, or name its data directory with --data/);
    }
    const { err } = await said(data, ...words);
    assert.doesNotMatch(err, /no strongroom serves from/);
  });
}

test('what there is for a rule that is none, and for one that was, history says', async () => {
  const { code, err } = await said(data, 'alerts', 'history', '--rule', 'key-purge-tryed');
  assert.deepEqual(
    [code, /there is no rule 'key-purge-tryed'; did you mean key-purge-tried\?/.test(err)],
    [1, true],
    err,
  );
  const never = await said(data, 'alerts', 'history', '--rule', 'key-purge-tried');
  assert.deepEqual([never.code, never.err], [0, '']);
  // Long ago, and the rule is not there any more.
  assert.equal((await said(data, 'alerts', 'history', '--rule', 'gone-since')).code, 0);
  const all = await said(data, 'alerts', 'history', '--rule', 'gone-since', '--since', '2019-01-01');
  assert.match(all.out, /AlertFired +It came true\./);
});
