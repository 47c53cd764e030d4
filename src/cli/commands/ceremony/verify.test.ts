import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nounsOf } from '../../command.ts';
import { dispatch } from '../../dispatch.ts';
import { verify } from './verify.ts';

test('what is no fingerprint is not called another domain', async () => {
  let err = '';
  const terminal = { out: assert.fail, err: (text: string) => (err += text) };
  const words = ['ceremony', 'verify', 'report.md', '--fingerprint', '91ab 03'];
  assert.equal(await dispatch(nounsOf([verify]), '0', words, terminal), 2);
  assert.match(err, /--fingerprint must be the whole fingerprint, 64 hex digits/);
});
