// How custodians name key and certificate: every convention opens, and what was looked for is said.

import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Refusal } from '../../formats/refusal.ts';
import { certificateOf, readHolder } from './holder.ts';
import { runKeygen } from './keygen.ts';

const passphraseOf = (): Promise<string> => Promise.reject(new Error('no key here is encrypted'));

test('a key finds its certificate under every name that custodians give the two', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-names-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const at = (name: string): string => join(folder, name);
  const { keyFile, certificateFile } = await runKeygen({ out: folder, name: 'anna', days: 10, bits: 2048 });
  let now = { key: keyFile, certificate: certificateFile };
  for (const [key, certificate] of [
    ['cert1.pem', 'cert1.cer'],
    ['cert1.key', 'cert1.pem'],
    ['cert1.key', 'cert1.cer'],
    ['cert1.key', 'cert1.crt'],
    ['cert1.pem', 'cert1.crt'],
    ['cert1', 'cert1.pem'],
    ['anna.2026.key', 'anna.2026.pem'],
  ] as const) {
    renameSync(now.key, at('moving-key'));
    renameSync(now.certificate, at(certificate));
    renameSync(at('moving-key'), at(key));
    now = { key: at(key), certificate: at(certificate) };
    assert.equal(await certificateOf(now.key), now.certificate);
    assert.equal((await readHolder({ key: now.key, passphraseOf })).name, now.key);
  }
});

test('what is beside it and is no certificate is passed over for one that is; of none, all names are said', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-names-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const at = (name: string): string => join(folder, name);
  const { keyFile, certificateFile } = await runKeygen({ out: folder, name: 'anna', days: 10, bits: 2048 });
  renameSync(keyFile, at('anna.key'));
  renameSync(certificateFile, at('anna.crt'));
  writeFileSync(at('anna.cer'), 'a request, for instance');
  assert.equal(await certificateOf(at('anna.key')), at('anna.crt'));
  rmSync(at('anna.crt'));
  await assert.rejects(
    readHolder({ key: at('anna.key'), passphraseOf }),
    /anna\.cer is not a certificate, or was damaged/,
  );
  rmSync(at('anna.cer'));
  await assert.rejects(
    () => certificateOf(at('anna.key')),
    (error) =>
      error instanceof Refusal && ['cer', 'crt', 'pem'].every((each) => error.message.includes(at(`anna.${each}`))),
  );
});
