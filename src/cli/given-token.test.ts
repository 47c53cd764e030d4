import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CommandError } from './command.ts';
import { givenToken } from './given-token.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-token-'));
after(() => rmSync(folder, { recursive: true }));

const NOW = Date.parse('2026-11-26T10:00:00Z');
const path = join(folder, 'token');

function read(text: string, mode = 0o600): string | undefined {
  rmSync(path, { force: true });
  writeFileSync(path, text, { mode });
  return givenToken('STRONGROOM_TOKEN_FILE', { STRONGROOM_TOKEN_FILE: path }, NOW);
}

function jwt(claims: object): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
}

test('a token is what the named file holds, and none where no file is named', () => {
  const token = jwt({ exp: NOW / 1000 + 1 });
  assert.equal(read(`${token}\n`), token);
  assert.equal(read('opaque-token=='), 'opaque-token==');
  assert.equal(givenToken('STRONGROOM_ARM_TOKEN_FILE', { STRONGROOM_TOKEN_FILE: path }, NOW), undefined);
  assert.equal(givenToken('STRONGROOM_TOKEN_FILE', { STRONGROOM_TOKEN_FILE: '' }, NOW), undefined);
});

test('one that has ended, what is none and what others can read are refused, without their content', () => {
  const ended = jwt({ exp: NOW / 1000 });
  for (const [text, mode, says] of [
    [ended, 0o600, /the token in .*token has ended at 2026-11-26T10:00:00\.000Z/],
    ['{"access_token": "abc"}', 0o600, /holds no access token/],
    ['', 0o600, /holds no access token/],
    ['one\ntwo', 0o600, /holds no access token/],
    [jwt({}), 0o644, /open to others/],
  ] as const) {
    assert.throws(
      () => read(text, mode),
      (error) =>
        error instanceof CommandError && says.test(error.message) && (text === '' || !error.message.includes(text)),
      text,
    );
  }
});
