import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { oneLine } from '../../../formats/printable.ts';
import { Refusal } from '../../../formats/refusal.ts';
import { makeStatement } from '../../../module/sign-note.ts';
import type { Entry } from '../journal.ts';
import { htmlOf } from './html.ts';
import { reportOf, requireComplete } from './report.ts';
import { joinReport, verifyReport } from './signed-report.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const domainKey = Buffer.from(
  createPublicKey(createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }))).export({ format: 'jwk' }).x ??
    '',
  'base64url',
);

function signed(text: string): string {
  const note = makeStatement('ceremony', Buffer.from(text, 'utf8'), domainKey, (bytes) =>
    sign(null, bytes, privateKey),
  );
  return joinReport(text, { note, domainKey: domainKey.toString('base64url') });
}

function report(note: string, who = 'olga'): string {
  const entry = { n: 1, at: '2026-01-31T12:00:00.000Z', who, step: 'start', previous: '0'.repeat(64) } as const;
  const entries: readonly Entry[] = [
    { ...entry, what: 'started', text: 'activation of dev' },
    { ...entry, n: 2, what: 'note', text: note },
  ];
  const settings = { kind: 'activation', instance: 'dev', custodians: 3, required: 2, address: {} } as const;
  return reportOf({ id: '6f1f6f2e-0000-4000-8000-000000000001', settings, entries, head: 'a'.repeat(64) });
}

test('whatever people note, both forms verify and say the same of the ceremony', () => {
  const words = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.stringMatching(/^[|`\\<>*_#\-[\]~& a\n]{0,40}$/),
    fc.constantFrom('| kind | recovery |', '```', '-->', '<script>alert(1)</script>', '\n---\n', '# x', '</td>'),
  );
  fc.assert(
    fc.property(words, words, (note, who) => {
      const markdown = signed(report(oneLine(note), oneLine(who)));
      const expected = verifyReport(markdown);
      assert.deepEqual(
        [expected.kind, expected.instance, expected.complete, expected.journalHead],
        ['activation', 'dev', false, 'a'.repeat(64)],
      );
      const html = htmlOf(markdown);
      assert.deepEqual(verifyReport(html), expected);
      assert.ok(!html.includes('<script'));
    }),
    { numRuns: 300 },
  );
});

test('a note stands in the page as it was written', () => {
  const html = htmlOf(signed(report('a | b \\ c <b>&amp;</b> _d_ `e`')));
  assert.ok(html.includes('<td>a | b \\ c &lt;b&gt;&amp;amp;&lt;/b&gt; _d_ `e`</td>'), html);
});

test('the page breaks no word in a cell: a column is as wide as its longest one, and what is no word may break', () => {
  const cellsOf = (html: string): readonly string[] =>
    [...html.matchAll(/<t[dh]>(.*?)<\/t[dh]>/g)].map(([, cell]) => cell ?? '');
  const words = ['custodian', 'bytes', 'acknowledge', 'Sicherheitsdomänenübergabeprotokoll'];
  const hash = '0123456789abcdef'.repeat(4);
  const html = htmlOf(signed(report(`${words.join(' ')} input/anna-berger.json 2026-01-31T12:00:00.000Z ${hash}`)));
  // `anywhere` and `break-all` count as narrow as one letter when columns are measured.
  assert.doesNotMatch(
    /<style>.*<\/style>/s.exec(html)?.[0] ?? '',
    /overflow-wrap: anywhere|word-break|hyphens|table-layout/,
  );
  const noted = cellsOf(html).find((cell) => cell.startsWith('custodian ')) ?? '';
  assert.equal(
    noted,
    `${words.join(' ')} input/<wbr>anna-<wbr>berger.<wbr>json 2026-01-31<wbr>T12:00:00.000Z ${hash.replaceAll(/.{8}(?=.)/g, '$&<wbr>')}`,
  );
});

test('no byte of a report can be changed unseen, in either form', () => {
  const markdown = signed(report('noted'));
  const html = htmlOf(markdown);
  for (const original of [markdown, html]) {
    for (let at = 0; at < original.length; at += 7) {
      const other = original[at] === 'x' ? 'y' : 'x';
      const edited = original.slice(0, at) + other + original.slice(at + 1);
      assert.throws(() => verifyReport(edited), Refusal, `byte ${at}`);
    }
    assert.throws(() => verifyReport(`${original} `), Refusal);
    assert.throws(() => verifyReport(original.slice(0, -1)), Refusal);
  }
});

test('a page of a report that nobody writes like that is refused too, and ends', () => {
  const page = htmlOf(signed('# Report\n\n```\nleft open\n'));
  assert.throws(() => verifyReport(page.replace('left open', 'left ajar')), Refusal);
  assert.equal(verifyReport(page).complete, false);
});

test('the page loads nothing', () => {
  const html = htmlOf(signed(report('https://example.org/x.png')));
  assert.doesNotMatch(html, /\b(src|href|@import|url)\s*[=(]/);
  assert.match(html, /default-src 'none'/);
});

test('the report tells when a proof was signed and when it came, and of a journal without the first only the second', () => {
  const facts = { custodian: 'x', name: 'Anna', fingerprint: 'ab'.repeat(32) };
  const entry = { n: 1, at: '2026-01-31T12:00:00.000Z', who: 'olga', step: 'acknowledge', what: 'file' } as const;
  const settings = { kind: 'recovery', instance: 'two', address: {} } as const;
  const told = (more: Readonly<Record<string, string>>): string =>
    reportOf({
      id: '6f1f6f2e-0000-4000-8000-000000000001',
      settings,
      entries: [{ ...entry, text: 'proof', facts: { ...facts, ...more }, previous: '0'.repeat(64) }],
      head: 'a'.repeat(64),
    });
  const signed = '2026-01-30T08:00:00.000Z';
  assert.match(
    told({ signed }),
    /\| Anna \|.*\| signed 2026-01-30T08:00:00\.000Z, handed in 2026-01-31T12:00:00\.000Z \|/,
  );
  assert.match(told({}), /\| Anna \|.*\| 2026-01-31T12:00:00\.000Z \|/);
});

test('a step that was left out stands among the steps, with its reason, and is no exception', () => {
  const entry = { n: 1, at: '2026-01-31T12:00:00.000Z', who: 'olga', previous: '0'.repeat(64) } as const;
  const written = reportOf({
    id: '6f1f6f2e-0000-4000-8000-000000000001',
    settings: { kind: 'recovery', instance: 'two', address: {} },
    entries: [
      { ...entry, step: 'restore', what: 'skipped', text: 'no backup was ever made' },
      { ...entry, step: 'restore', what: 'answer', text: 'job 1 failed' },
    ],
    head: 'a'.repeat(64),
  });
  const [, steps = '', exceptions = ''] = /## Steps\n(.*)## Exceptions and notes\n(.*)## Files\n/s.exec(written) ?? [];
  assert.match(steps, /\| Restore the latest backup \| skipped: no backup was ever made \| olga \|/);
  assert.doesNotMatch(exceptions, /no backup/);
  assert.match(exceptions, /\| restore \| answer \| job 1 failed \|/);
});

test('a ceremony with a step to do has no report', () => {
  const settings = { kind: 'activation', instance: 'dev', address: {} } as const;
  assert.throws(() => requireComplete({ settings, entries: [] }), /next is 'Collect/);
});
