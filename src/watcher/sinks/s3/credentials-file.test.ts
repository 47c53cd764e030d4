import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SinkError } from '../sink.ts';
import { readS3Credentials } from './credentials-file.ts';

test('a file of one profile is read as other programs read it', () => {
  const text = '# mine\r\n[default]\naws_access_key_id = AK\n\naws_secret_access_key=a/b+c=\n; end';
  assert.deepEqual(readS3Credentials(text), { accessKeyId: 'AK', secretAccessKey: 'a/b+c=' });
  assert.equal(readS3Credentials(`${text}\naws_session_token = T==\n`).sessionToken, 'T==');
});

test('another one is refused, and nothing of it is told', () => {
  for (const [text, expected] of [
    ['', /aws_access_key_id is missing/],
    ['aws_access_key_id = SECRET', /aws_secret_access_key is missing/],
    ['SECRET', /line 1 must be/],
    ['aws_access_key_id = SECRET x', /line 1 must be/],
    ['aws_access_key_id = SECRET\n[other]\naws_access_key_id = SECRET', /line 3 has aws_access_key_id a second time/],
  ] as const) {
    const isClear = (error: unknown) =>
      error instanceof SinkError && expected.test(error.message) && !error.message.includes('SECRET');
    assert.throws(() => readS3Credentials(text), isClear, text);
  }
});
