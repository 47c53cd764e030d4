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
const RESOURCE = 'https://hsm.example.org';
const INSTANCE = { host: 'fin.hsm.example.org', audience: RESOURCE };
const path = join(folder, 'token');

function write(text: string, mode = 0o600): string {
  rmSync(path, { force: true });
  writeFileSync(path, text, { mode });
  return path;
}

function read(
  text: string,
  more: NodeJS.ProcessEnv = {},
  mode = 0o600,
  to: typeof INSTANCE | { host: string } = INSTANCE,
) {
  return givenToken('STRONGROOM_TOKEN_FILE', to, { STRONGROOM_TOKEN_FILE: write(text, mode), ...more }, NOW);
}

function jwt(claims: object): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
}

test('a token is what the named file holds, and none where no file is named', () => {
  const token = jwt({ aud: RESOURCE, exp: NOW / 1000 + 1 });
  assert.equal(read(`${token}\n`), token);
  assert.equal(givenToken('STRONGROOM_ARM_TOKEN_FILE', INSTANCE, { STRONGROOM_TOKEN_FILE: path }, NOW), undefined);
  assert.equal(givenToken('STRONGROOM_TOKEN_FILE', INSTANCE, { STRONGROOM_TOKEN_FILE: '' }, NOW), undefined);
});

test('one that has ended, what is none and what others can read are refused, without their content', () => {
  const ended = jwt({ aud: RESOURCE, exp: NOW / 1000 });
  for (const [text, mode, says] of [
    [ended, 0o600, /the token in .*token has ended at 2026-11-26T10:00:00\.000Z/],
    ['{"access_token": "abc"}', 0o600, /holds no access token/],
    ['', 0o600, /holds no access token/],
    ['one\ntwo', 0o600, /holds no access token/],
    [jwt({ aud: RESOURCE }), 0o644, /open to others/],
  ] as const) {
    assert.throws(
      () => read(text, {}, mode),
      (error) =>
        error instanceof CommandError && says.test(error.message) && (text === '' || !error.message.includes(text)),
      text,
    );
  }
});

test('it is shown where its audience is, and nowhere else', () => {
  for (const aud of [RESOURCE, `${RESOURCE}/`, ['https://other.example', RESOURCE]]) {
    const token = jwt({ aud });
    assert.equal(read(token), token);
  }
  for (const aud of [
    'https://example.org',
    `${RESOURCE}.evil.example`,
    `${RESOURCE}//`,
    'hsm',
    [],
    [[RESOURCE]],
    7,
    null,
  ]) {
    assert.throws(
      () => read(jwt({ aud })),
      {
        name: 'CommandError',
        message: /: if fin\.hsm\.example\.org may see it, set STRONGROOM_TOKEN_HOST=fin\.hsm\.example\.org$/,
      },
      JSON.stringify(aud),
    );
  }
  assert.throws(() => read(jwt({ aud: ['hsm', 'x\u001b[2J'] })), {
    message:
      /^\$STRONGROOM_TOKEN_FILE: the token in .* is for hsm, x\ufffd\[2J and not for https:\/\/hsm\.example\.org: /,
  });
  const loopback = { host: '127.0.0.1:8443' };
  assert.throws(
    () => read(jwt({ aud: 'undefined' }), {}, 0o600, loopback),
    /is for undefined and not for 127\.0\.0\.1:8443: /,
  );
});

test('one whose audience says nothing is shown to the host that its owner has named for it, to the letter', () => {
  for (const token of ['opaque-token==', jwt({}), jwt({ aud: 'hsm' }), `e30.${'A'.repeat(20)}.c2ln`]) {
    assert.throws(() => read(token), /if fin\.hsm\.example\.org may see it/);
    for (const host of ['fin.hsm.example.org', 'FIN.hsm.example.org:443']) {
      assert.equal(read(token, { STRONGROOM_TOKEN_HOST: host }), token);
    }
    for (const host of ['hsm.example.org', 'fin.hsm.example.org:8443', 'evil.hsm.example.org', '']) {
      assert.throws(() => read(token, { STRONGROOM_TOKEN_HOST: host }), /if fin\.hsm\.example\.org may see it/, host);
    }
    assert.throws(() => read(token, { STRONGROOM_ARM_TOKEN_HOST: 'fin.hsm.example.org' }), /may see it/);
  }
  assert.throws(() => read('opaque', {}), /the token in .* does not say whom it is for: if/);
  for (const host of [
    'https://fin.hsm.example.org',
    'fin.hsm.example.org/',
    'a@fin.hsm.example.org',
    '*.hsm.example.org x',
  ]) {
    assert.throws(
      () => read('opaque', { STRONGROOM_TOKEN_HOST: host }),
      /^CommandError: \$STRONGROOM_TOKEN_HOST must be HOST or HOST:PORT$/,
      host,
    );
  }
});
