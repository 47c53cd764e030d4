// azure-cli: a login, keys of every type, their use and rotation, and that it ends with the roles. Every command is tried
// by the conformance tests; this is one life of keys, as a script has it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { check, done, revoke } from '../javascript/report.ts';

const SECRET = Buffer.from('a data key of thirty-two octets!').toString('base64');
/** The caller's own logins are not its to use. */
const folder = await mkdtemp(join(tmpdir(), 'strongroom-az-client-'));
const env: NodeJS.ProcessEnv = { ...process.env, AZURE_CONFIG_DIR: folder };

async function az(line: string, ...words: readonly string[]): Promise<Record<string, unknown>> {
  const all = [...line.split(' '), ...words, '--output', 'json'];
  const { stdout } = await promisify(execFile)('az', all, { env, timeout: 120_000 });
  return stdout.trim() === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>);
}
const key = (verb: string, ...words: readonly string[]): Promise<Record<string, unknown>> =>
  az(`keyvault key ${verb}`, ...words, ...(words.includes('--id') ? [] : ['--hsm-name', 'dev']));
const idOf = (bundle: Record<string, unknown>): string => (bundle['key'] as { readonly kid: string }).kid;

let first: string;
let sealed: Record<string, unknown>;
async function opens(id: string): Promise<void> {
  const words = ['iv', 'tag', 'aad'].flatMap((member) => [`--${member}`, String(sealed[member])]);
  const value = ['--value', String(sealed['result']), '--data-type', 'base64'];
  const { result } = await key('decrypt', '--id', id, '--algorithm', 'A256GCM', ...words, ...value);
  assert.equal(result, SECRET);
}

await check('logs in', async () => {
  // One word with its value: a secret may begin with a dash.
  const who = [`--username=${env['AZURE_CLIENT_ID'] ?? ''}`, `--password=${env['AZURE_CLIENT_SECRET'] ?? ''}`];
  await az('login --service-principal', ...who, '--tenant', env['AZURE_TENANT_ID'] ?? '');
});
await check('creates keys', async () => {
  await key('create', '--name', 'az-rsa', '--kty', 'RSA-HSM', '--size', '2048');
  await key('create', '--name', 'az-ec', '--kty', 'EC-HSM', '--curve', 'P-256');
  first = idOf(await key('create', '--name', 'az-aes', '--kty', 'oct-HSM', '--size', '256'));
});
await check('encrypts and decrypts', async () => {
  const words = ['--value', SECRET, '--data-type', 'base64', '--aad', '00ff'];
  sealed = await key('encrypt', '--name', 'az-aes', '--algorithm', 'A256GCM', ...words);
  await opens(first);
});
await check('signs', async () => {
  const digest = createHash('sha256').update(SECRET).digest('base64');
  const { signature } = await key('sign', '--name', 'az-ec', '--algorithm', 'ES256', '--digest', digest);
  const words = ['--digest', digest, '--signature', String(signature)];
  const { isValid } = await key('verify', '--name', 'az-ec', '--algorithm', 'ES256', ...words);
  assert.equal(isValid, true);
});
await check('rotates, and an old version opens what it encrypted', async () => {
  const policy = '{"lifetimeActions":[],"attributes":{"expiryTime":"P90D"}}';
  await key('rotation-policy update', '--name', 'az-aes', '--value', policy);
  const rotated = idOf(await key('rotate', '--name', 'az-aes'));
  await opens(first);
  await assert.rejects(opens(rotated));
});
await check('is refused once its roles are gone', async () => {
  await revoke();
  await assert.rejects(opens(first), /AccessDenied|Forbidden/);
  await assert.rejects(key('show', '--name', 'az-aes'), /AccessDenied|Forbidden/);
});
await rm(folder, { recursive: true, force: true });
done();
