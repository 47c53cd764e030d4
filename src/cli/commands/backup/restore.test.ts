import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { nounsOf } from '../../command.ts';
import { dispatch } from '../../dispatch.ts';
import { commands } from '../backup.ts';

test('a place that is named for one of its folders is called so, whatever it is made of, and without its secrets', async (context) => {
  const place = mkdtempSync(join(tmpdir(), 'strongroom-restore-'));
  context.after(() => rmSync(place, { recursive: true }));
  for (const [target, shown] of [
    [place, place],
    ['https://a.example/c', 'https://a.example/c'],
    ['https://a.example/c?sig=secret/x', 'https://a.example/c'],
    ['file://elsewhere/c', 'file://elsewhere/c'],
  ] as const) {
    let err = '';
    const terminal = { out: assert.fail, err: (text: string) => (err += text) };
    assert.equal(await dispatch(nounsOf(commands), '0', ['backup', 'restore', target, '--check'], terminal), 2);
    assert.ok(
      err.includes(`'${shown}' is not the folder of a backup, mhsm-…: name one of its folders ('./strongroom`),
      err,
    );
    assert.ok(!err.includes('secret'), err);
  }
});
