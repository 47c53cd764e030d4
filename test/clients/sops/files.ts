// The program of SOPS: files are encrypted for a key of the HSM, opened again, and moved to its next version. Its own
// configuration is the address of the key.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { check, create, done, revoke, rotate } from '../javascript/report.ts';

const KEY = `${process.env['AZURE_MANAGEDHSM_URI'] ?? ''}/keys/sops-files`;
const PLAIN = '{"password":"not for the repository"}';
const sops = async (...words: readonly string[]): Promise<string> =>
  (await promisify(execFile)('sops', [...words], { timeout: 60_000 })).stdout;
const opens = async (file: string): Promise<void> =>
  assert.deepEqual(JSON.parse(await sops('decrypt', file)), JSON.parse(PLAIN));
const versionIn = async (file: string): Promise<string | undefined> =>
  (JSON.parse(await readFile(file, 'utf8')) as { sops: { azure_kv: { version: string }[] } }).sops.azure_kv[0]?.version;
const encrypt = async (file: string): Promise<void> => {
  await writeFile(file, PLAIN);
  await sops('encrypt', '--azure-kv', KEY, '--in-place', file);
  assert.doesNotMatch(await readFile(file, 'utf8'), /not for the repository/);
};

await check('encrypts and opens a file', async () => {
  await create('sops-files', 'RSA-HSM');
  await encrypt('sops-old.json');
  await opens('sops-old.json');
});
await check('after rotation an old file opens, a new one has the new version', async () => {
  await rotate('sops-files');
  await opens('sops-old.json');
  await encrypt('sops-new.json');
  assert.notEqual(await versionIn('sops-new.json'), await versionIn('sops-old.json'));
});
await check('moves a file to another version', async () => {
  const [from, to] = [await versionIn('sops-old.json'), await versionIn('sops-new.json')];
  await sops(
    'rotate',
    '--in-place',
    '--add-azure-kv',
    `${KEY}/${to}`,
    '--rm-azure-kv',
    `${KEY}/${from}`,
    'sops-old.json',
  );
  assert.equal(await versionIn('sops-old.json'), to);
  await opens('sops-old.json');
});
await check('is refused once its roles are gone', async () => {
  await revoke();
  for (const file of ['sops-old.json', 'sops-new.json']) await assert.rejects(opens(file), /403|Forbidden/);
});
done();
