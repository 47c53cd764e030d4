import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { DirectoryStorage } from '../../features/backup/storage/directory/directory-storage.ts';
import type { BackupStorage } from '../../features/backup/storage/port.ts';
import { Refusal } from '../../formats/refusal.ts';
import { findLatest } from './latest-backup.ts';

let root: string;
let shelf: BackupStorage;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'strongroom-latest-')));
  const stopping = new AbortController().signal;
  shelf = new DirectoryStorage({ uri: pathToFileURL(root).href, root, keepsAll: false, stopping });
});
afterEach(() => rmSync(root, { recursive: true }));

async function make(folder: string, finished = true): Promise<void> {
  await shelf.write(folder, 'manifest.json', Buffer.from('{}'));
  if (finished) await shelf.finish(folder);
}

test('the latest is the finished backup with the latest time in its name, whatever the order of writing', async () => {
  await make('mhsm-dev-2026112503200412');
  await make('mhsm-dev-2026112503200411');
  await make('mhsm-dev-2025123123595999');
  assert.deepEqual(await findLatest(shelf), { folder: 'mhsm-dev-2026112503200412', unfinished: [] });
});

test('later ones that were never finished are passed over and named; earlier ones are old news', async () => {
  await make('mhsm-dev-2026112503200412');
  await make('mhsm-dev-2026112603200412', false);
  await make('mhsm-dev-2026112403200412', false);
  const unfinished = ['mhsm-dev-2026112603200412'];
  assert.deepEqual(await findLatest(shelf), { folder: 'mhsm-dev-2026112503200412', unfinished });
});

test('what is not named like a backup is none', async () => {
  mkdirSync(join(root, 'lost+found'));
  await make('old-mhsm-dev-2027112503200412');
  await make('mhsm-dev-20271125');
  await assert.rejects(findLatest(shelf), (error) => error instanceof Refusal && /no finished/.test(error.message));
});

test('HSMs of several names are not guessed between; each is told with the address that commands take', async () => {
  await make('mhsm-dev-2026112503200412');
  await make('mhsm-dev-2-2026112603200412');
  const folders = ['mhsm-dev-2-2026112603200412', 'mhsm-dev-2026112503200412'].map((each) => join(root, each));
  await assert.rejects(findLatest(shelf), {
    message: `HSMs of several names have backups there; name one folder: ${folders.join(', ')}`,
  });
  const far: BackupStorage = {
    ...shelf,
    uri: 'https://acme.blob.core.windows.net/hsm',
    folders: () => shelf.folders(),
  };
  await assert.rejects(
    findLatest(far),
    /name one folder: https:\/\/acme\.blob\.core\.windows\.net\/hsm\/mhsm-dev-2-\d{16}, /,
  );
});

test('where one of them is meant, its own latest is it', async () => {
  await make('mhsm-dev-2026112503200412');
  await make('mhsm-dev-2026112403200412');
  await make('mhsm-west-2026112603200412');
  assert.equal((await findLatest(shelf, 'dev')).folder, 'mhsm-dev-2026112503200412');
  await assert.rejects(findLatest(shelf, 'east'), /several names have backups there, and none is of 'east'; name one/);
});

test('of a single HSM the name does not matter: it may be the one that was lost', async () => {
  await make('mhsm-dev-2026112503200412');
  assert.equal((await findLatest(shelf, 'west')).folder, 'mhsm-dev-2026112503200412');
});
