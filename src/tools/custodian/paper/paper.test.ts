import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../../../formats/refusal.ts';
import { holderCertificate } from '../../../formats/x509-writer.ts';
import { htmlPage, textPage } from './page.ts';
import { openSheet, sealSheet } from './sheet.ts';
import { fromLines, toLines } from './typed-lines.ts';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const PASSPHRASE = 'correct horse battery';

function problem(text: string): string {
  try {
    fromLines(text);
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
  return '';
}

function pair(bits: number) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const certificate = holderCertificate(
    {
      serial: Buffer.of(0x41, 7),
      subject: 'anna',
      notBefore: 1_700_000_000,
      notAfter: 2_000_000_000,
      publicKey: publicKey.export({ format: 'der', type: 'spki' }),
    },
    (toSign) => sign('sha256', toSign, privateKey),
  );
  return { privateKey, certificate };
}

test('whatever bytes are printed are read back, however they were typed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), fc.boolean(), (bytes, sloppy) => {
      const lines = toLines(bytes);
      const text = sloppy
        ? lines
            .toReversed()
            .join('\r\n')
            .toLowerCase()
            .replaceAll('0', 'o')
            .replaceAll('1', 'l')
            .replace(/^[ol\d]+/gm, (number) => number.replaceAll('o', '0').replaceAll('l', '1'))
        : lines.join('\n');
      const typed = sloppy
        ? text.replace(
            /^sum ([ol\d]+)/m,
            (_, count: string) => `sum ${count.replaceAll('o', '0').replaceAll('l', '1')}`,
          )
        : text;
      assert.deepEqual(fromLines(`Some title\n\n${typed}\n\nand more`), Buffer.from(bytes));
    }),
  );
});

test('any one wrong character is found in its line, and mostly named', () => {
  const lines = toLines(randomBytes(600));
  let named = 0;
  let tries = 0;
  for (let number = 1; number <= 24; number += 5) {
    const line = lines[number - 1] as string;
    for (let at = 4; at < line.length; at += 3) {
      const right = line[at] as string;
      if (right === ' ') continue;
      const wrong = ALPHABET[(ALPHABET.indexOf(right) + 7) % 32] as string;
      const typed = line.slice(0, at) + wrong + line.slice(at + 1);
      const said = problem(lines.with(number - 1, typed).join('\n'));
      assert.match(said, new RegExp(`^line ${String(number).padStart(2, '0')} does not match its check letters`));
      assert.ok(!said.includes('\n'));
      tries += 1;
      if (said.includes(`${right} instead of ${wrong}`)) named += 1;
    }
  }
  assert.ok(named / tries > 0.8, `${named} of ${tries}`);
});

test('exchanged neighbours, left out and doubled characters, missing, doubled and strange lines are named', () => {
  const lines = toLines(Buffer.from('0123456789abcdefghijklmnopqrstuvwxyz'.repeat(4)));
  const second = lines[1] as string;
  const [a, b] = [second[10] as string, second[11] as string].filter((each) => each !== ' ');
  const swapped = second.replace(/^(\d+ +.{7})(.)(.)/, '$1$3$2');
  assert.notEqual(swapped, second, `${a}${b}`);
  for (const [typed, message] of [
    [lines.with(1, swapped), /^line 02 does not match its check letters .{4}: .*exchanged/],
    [lines.with(1, second.slice(0, 8) + second.slice(9)), /^line 02 has 43 characters instead of 44/],
    [lines.with(1, `${second}A`), /^line 02 has 45 characters instead of 44/],
    [lines.with(1, second.replace(/^(\d+ +)./, '$1U')), /^line 02 has 'U', which is in no paper copy/],
    [lines.toSpliced(1, 1), /^line 02 is missing$/],
    [[...lines, second.replace(/.{4}$/, '0000')], /^line 02 is there twice, not the same/],
    [[...lines, '99  AAAAA'], /line 99 is one too many/],
    [lines.slice(0, -1), /^the last line, which begins with "sum", is missing/],
    [['hello'], /^there is no line of a paper copy in this file/],
    [lines.with(1, second.replace(/^02/, '03')).toSpliced(2, 1), /^line 02 is missing\nline 03 does not match/],
  ] as const) {
    assert.match(problem(typed.join('\n')), message);
  }
});

test('lines of two papers do not make a third', () => {
  const [one, two] = [toLines(randomBytes(100)), toLines(randomBytes(100))];
  assert.match(problem(one.with(1, two[1] as string).join('\n')), /each line is right in itself, but the sum is not/);
});

test('a key comes back from the paper with its certificate to the byte, on one page', () => {
  for (const bits of [2048, 4096]) {
    const { privateKey, certificate } = pair(bits);
    const lines = toLines(sealSheet({ privateKey, certificate }, PASSPHRASE));
    assert.ok(lines.length <= 38, `${lines.length} lines`);
    const back = openSheet(fromLines(lines.join('\n')), PASSPHRASE);
    assert.deepEqual(back.certificate, certificate);
    assert.ok(createPublicKey(back.privateKey).equals(createPublicKey(privateKey)));
    const message = randomBytes(20);
    assert.deepEqual(sign('sha256', message, back.privateKey), sign('sha256', message, privateKey));
  }
});

test("a certificate by OpenSSL and one by an authority's key come back to the byte as well", () => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
  try {
    const openssl = (words: string): void =>
      void execFileSync('openssl', words.split(' '), { cwd: folder, stdio: 'pipe' });
    openssl('req -x509 -newkey rsa:2048 -nodes -keyout own.pem -out own.cer -days 30 -subj /CN=clara/O=Example');
    openssl('req -newkey rsa:2048 -nodes -keyout issued.pem -out issued.csr -subj /CN=dora');
    openssl('x509 -req -in issued.csr -CA own.cer -CAkey own.pem -sha384 -out issued.cer -days 30 -CAcreateserial');
    for (const name of ['own', 'issued']) {
      const privateKey = createPrivateKey(readFileSync(join(folder, `${name}.pem`)));
      const certificate = new X509Certificate(readFileSync(join(folder, `${name}.cer`))).raw;
      const back = openSheet(sealSheet({ privateKey, certificate }, PASSPHRASE), PASSPHRASE);
      assert.deepEqual(back.certificate, certificate);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the passphrase is needed, and a sheet that was changed does not open', () => {
  const { privateKey, certificate } = pair(2048);
  const sheet = sealSheet({ privateKey, certificate }, PASSPHRASE);
  assert.throws(() => openSheet(sheet, 'correct horse batterie'), /the passphrase is wrong/);
  for (const at of [0, 1, 30, sheet.length - 1]) {
    const edited = Buffer.from(sheet);
    edited[at] = (edited[at] as number) ^ 4;
    assert.throws(() => openSheet(edited, PASSPHRASE), /another version|passphrase is wrong|does not come back/);
  }
  assert.throws(() => openSheet(sheet.subarray(0, 60), PASSPHRASE), /not a paper copy/);
});

test('neither the primes nor the passphrase are on the page, and what is foreign is escaped', () => {
  const { privateKey, certificate } = pair(2048);
  const sheet = sealSheet({ privateKey, certificate }, PASSPHRASE);
  const { p = '' } = privateKey.export({ format: 'jwk' });
  assert.ok(!sheet.includes(Buffer.from(p, 'base64url').subarray(0, 16)));
  const page = { holder: 'CN=<b>anna', fingerprint: 'ab12 '.repeat(16).trim(), at: new Date(0), lines: toLines(sheet) };
  assert.deepEqual(fromLines(textPage(page)), sheet);
  const html = htmlPage(page);
  assert.ok(html.includes('CN=&lt;b&gt;anna') && !html.includes('<b>') && !html.includes(PASSPHRASE));
  assert.ok(!/https?:|<script|<link|<img/.test(html));
  // A long name goes on in the next line; the lines to be typed stay as they are numbered.
  assert.match(html, /\npre \{[^}]*white-space: pre-wrap/);
  assert.match(html, /\npre\.lines \{ white-space: pre;/);
});
