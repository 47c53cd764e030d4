import assert from 'node:assert/strict';
import { generateKeyPairSync, hash, sign } from 'node:crypto';
import { appendFile, mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { BackupError } from '../../../features/backup/backup-error.ts';
import { encodeManifest, FORMAT, MANIFEST, type Manifest, STATEMENT } from '../../../features/backup/manifest.ts';
import { DirectoryStorage } from '../../../features/backup/storage/directory/directory-storage.ts';
import type { BackupStorage } from '../../../features/backup/storage/port.ts';
import { refuses } from '../../../features/backup/storage/storage.contract.ts';
import { domainFingerprint } from '../../../formats/domain-identity.ts';
import { makeStatement } from '../../../module/sign-note.ts';
import { type Signer, verifyBackup } from './verify-backup.ts';

const FOLDER = 'mhsm-test-2026010203040500';
const PARTS = ['keys-00001', 'keys-00002', 'records-00001'] as const;

class Domain {
  readonly #pair = generateKeyPairSync('ed25519');
  readonly key = Buffer.from(this.#pair.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  readonly fingerprint = domainFingerprint(this.key);
  state(body: Uint8Array): string {
    return makeStatement('backup-manifest', body, this.key, (text) => sign(null, text, this.#pair.privateKey));
  }
}

interface Written {
  readonly storage: BackupStorage;
  readonly domain: Domain;
  readonly path: (name: string) => string;
}

async function withBackup(use: (written: Written) => Promise<void>, edit: Partial<Manifest> = {}): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'strongroom-verify-'));
  try {
    const stopping = new AbortController().signal;
    await using storage = new DirectoryStorage({ uri: pathToFileURL(root).href, root, keepsAll: false, stopping });
    const domain = new Domain();
    const parts = [];
    for (const name of PARTS) {
      const content = Buffer.from(`the content of ${name}`);
      await storage.write(FOLDER, name, content);
      parts.push({ name, bytes: content.length, sha256: hash('sha256', content, 'base64url') });
    }
    const body = encodeManifest({
      format: FORMAT,
      folder: FOLDER,
      instance: { id: '11111111-1111-4111-8111-111111111111', name: 'test' },
      domain: domain.fingerprint,
      domainKey: domain.key.toString('base64url'),
      started: '2026-01-02T03:04:05.000Z',
      finished: '2026-01-02T03:04:06.000Z',
      head: { sequence: 7, hash: 'h' },
      counts: { keys: 2, versions: 2, records: 1 },
      parts,
      ...edit,
    });
    await storage.write(FOLDER, MANIFEST, body);
    await storage.write(FOLDER, STATEMENT, Buffer.from(domain.state(body)));
    await storage.finish(FOLDER);
    await use({ storage, domain, path: (name) => join(root, FOLDER, name) });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function refusal(act: Promise<unknown>): Promise<BackupError> {
  const error: unknown = await act.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof BackupError, String(error));
  return error;
}

test('a whole backup has no faults, whether its key, its fingerprint or nothing is known of its domain', () =>
  withBackup(async ({ storage, domain }) => {
    for (const signer of [{ key: domain.key }, { fingerprint: domain.fingerprint }, undefined] satisfies (
      | Signer
      | undefined
    )[]) {
      const told: string[] = [];
      const { manifest, faults } = await verifyBackup(storage, FOLDER, signer, (done, of) =>
        told.push(`${done}/${of}`),
      );
      assert.deepEqual(faults, []);
      assert.equal(manifest.instance.name, 'test');
      assert.deepEqual(told, ['1/3', '2/3', '3/3']);
    }
  }));

test('every fault is told, each with the file that has it', () =>
  withBackup(async ({ storage, domain, path }) => {
    const content = await readFile(path('keys-00001'));
    content[3] = (content[3] ?? 0) ^ 1;
    await writeFile(path('keys-00001'), content);
    await unlink(path('keys-00002'));
    await appendFile(path('records-00001'), '\n');
    await writeFile(path('keys-00003'), 'another');
    const { faults } = await verifyBackup(storage, FOLDER, { key: domain.key });
    assert.deepEqual(faults, [
      { file: 'keys-00001', what: 'is not what was written (SHA-256)' },
      { file: 'keys-00002', what: 'is missing' },
      { file: 'records-00001', what: 'has 29 bytes, the manifest says 28' },
      { file: 'keys-00003', what: 'is not in the manifest: it does not belong to the backup' },
    ]);
  }));

test('a manifest that was edited is not believed, nor one that another domain has signed', () =>
  withBackup(async ({ storage, domain, path }) => {
    const other = new Domain();
    for (const signer of [{ key: other.key }, { fingerprint: other.fingerprint }]) {
      const error = await refusal(verifyBackup(storage, FOLDER, signer));
      assert.equal(error.code, 'OtherDomain', error.message);
    }
    const body = await readFile(path(MANIFEST));
    const edited = Buffer.from(body.toString().replace('"keys": 2', '"keys": 3'));
    assert.notDeepEqual(edited, body);
    await writeFile(path(MANIFEST), edited);
    for (const signer of [{ key: domain.key }, { fingerprint: domain.fingerprint }, undefined]) {
      const error = await refusal(verifyBackup(storage, FOLDER, signer));
      assert.equal(error.code, 'Damaged');
      assert.match(error.message, /manifest\.json or manifest\.note: the statement is of another document/);
    }
    // Signed anew by somebody else who keeps the fingerprint, and by somebody who puts in their own key.
    await writeFile(path(STATEMENT), other.state(edited));
    assert.equal(
      (await refusal(verifyBackup(storage, FOLDER, { fingerprint: domain.fingerprint }))).code,
      'OtherDomain',
    );
    const forged = Buffer.from(
      edited.toString().replace(domain.key.toString('base64url'), other.key.toString('base64url')),
    );
    await writeFile(path(MANIFEST), forged);
    await writeFile(path(STATEMENT), other.state(forged));
    assert.equal(
      (await refusal(verifyBackup(storage, FOLDER, { fingerprint: domain.fingerprint }))).code,
      'OtherDomain',
    );
  }));

test('a backup whose manifest is missing, or that was never finished, cannot be verified', () =>
  withBackup(async ({ storage, domain, path }) => {
    await unlink(path(STATEMENT));
    assert.match(
      (await refusal(verifyBackup(storage, FOLDER, { key: domain.key }))).message,
      /manifest\.note is missing/,
    );
    await unlink(path('complete'));
    await refuses('Incomplete', () => verifyBackup(storage, FOLDER, { key: domain.key }));
  }));

test('a backup answers to no other name than its own', () =>
  withBackup(
    async ({ storage, domain }) => {
      const error = await refusal(verifyBackup(storage, FOLDER, { key: domain.key }));
      assert.match(error.message, /holds the backup 'mhsm-other-2026010203040500'/);
    },
    { folder: 'mhsm-other-2026010203040500' },
  ));
