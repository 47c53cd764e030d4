// What every place for backups must do; each adapter runs this suite over itself.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { type BackupStorage, StorageError, type StorageErrorCode } from './port.ts';

export interface Subject {
  /** Another opening of the same place, as another process would make it. */
  open(stopping?: AbortSignal): Promise<BackupStorage>;
  /** Nothing is ever taken away there. */
  readonly keepsAll: boolean;
  /** Every name below the place, whoever made it. */
  names(): Promise<readonly string[]>;
}

const FOLDER = 'mhsm-test-2026010203040500';

export function storageContract(
  kind: string,
  withSubject: (use: (subject: Subject) => Promise<void>) => Promise<void>,
): void {
  const rule = (name: string, check: (subject: Subject) => Promise<void>): void => {
    test(`${kind}: ${name}`, () => withSubject(check));
  };

  rule('what a finished folder was given is listed and read back by another opening', async ({ open }) => {
    await using storage = await open();
    const large = randomBytes(9 * 1024 * 1024 + 7);
    await storage.write(FOLDER, 'empty', new Uint8Array(0));
    await storage.write(FOLDER, 'small.json', Buffer.from('{}'));
    await storage.write(FOLDER, 'whole', large);
    await storage.finish(FOLDER);
    await using other = await open();
    assert.deepEqual(
      (await listed(other, FOLDER)).sort((a, b) => (a.name < b.name ? -1 : 1)),
      [
        { name: 'empty', bytes: 0 },
        { name: 'small.json', bytes: 2 },
        { name: 'whole', bytes: large.length },
      ],
    );
    assert.ok((await content(other, FOLDER, 'whole')).equals(large));
    assert.equal((await content(other, FOLDER, 'empty')).length, 0);
    assert.ok((await other.read(FOLDER, 'whole', 1000)).equals(large.subarray(0, 1000)));
  });

  rule('a folder is not offered before it is finished, and takes nothing more afterwards', async ({ open }) => {
    await using storage = await open();
    await storage.write(FOLDER, 'part', Buffer.from('1'));
    await refuses('Incomplete', () => listed(storage, FOLDER));
    await refuses('Incomplete', () => content(storage, FOLDER, 'part'));
    await storage.finish(FOLDER);
    assert.deepEqual(await listed(storage, FOLDER), [{ name: 'part', bytes: 1 }]);
    await using other = await open();
    await refuses('Exists', () => other.write(FOLDER, 'late', Buffer.from('2')));
    assert.deepEqual(await listed(other, FOLDER), [{ name: 'part', bytes: 1 }]);
  });

  rule('nothing is ever written over', async ({ open }) => {
    await using storage = await open();
    await storage.write(FOLDER, 'part', Buffer.from('first'));
    await using other = await open();
    await refuses('Exists', () => other.write(FOLDER, 'part', Buffer.from('second')));
    await storage.finish(FOLDER);
    await refuses('Exists', () => other.finish(FOLDER));
    assert.equal((await content(other, FOLDER, 'part')).toString(), 'first');
  });

  rule('the marker is no name that a part can have', async ({ open }) => {
    await using storage = await open();
    await refuses('Exists', () => storage.write(FOLDER, 'complete', Buffer.from('forged')));
  });

  rule('of several writers of one name exactly one succeeds', async ({ open }) => {
    await using storage = await open();
    const attempts = await Promise.allSettled(
      Array.from({ length: 8 }, (_, at) => storage.write(FOLDER, 'part', Buffer.from(`writer ${at}`))),
    );
    const written = attempts.flatMap(({ status }, at) => (status === 'fulfilled' ? [at] : []));
    assert.equal(written.length, 1);
    await storage.finish(FOLDER);
    assert.equal((await content(storage, FOLDER, 'part')).toString(), `writer ${written[0]}`);
  });

  rule('what is not there is said not to be there', async ({ open }) => {
    await using storage = await open();
    await refuses('NotFound', () => listed(storage, 'mhsm-none-2026010203040500'));
    await refuses('NotFound', () => content(storage, 'mhsm-none-2026010203040500', 'part'));
    await storage.write(FOLDER, 'part', Buffer.from('1'));
    await storage.finish(FOLDER);
    await refuses('NotFound', () => content(storage, FOLDER, 'other'));
  });

  rule(
    'an abandoned folder is gone where the place lets it, and a finished one stays',
    async ({ open, keepsAll, names }) => {
      await using storage = await open();
      await storage.write(FOLDER, 'part-1', Buffer.from('1'));
      await storage.write(FOLDER, 'part-2', Buffer.from('2'));
      await storage.abandon(FOLDER);
      await storage.abandon(FOLDER);
      await storage.abandon('mhsm-none-2026010203040500');
      assert.equal((await names()).length > 0, keepsAll);
      await using other = await open();
      await storage.write('mhsm-test-2', 'part', Buffer.from('1'));
      await storage.finish('mhsm-test-2');
      await other.abandon('mhsm-test-2');
      assert.deepEqual(await listed(other, 'mhsm-test-2'), [{ name: 'part', bytes: 1 }]);
    },
  );

  rule(
    'whether it can be written is found out without leaving anything behind where the place lets it',
    async (subject) => {
      await using storage = await subject.open();
      await storage.checkWritable();
      await storage.checkWritable();
      const left = await subject.names();
      assert.ok(left.every((name) => name.startsWith('write-check')));
      assert.equal(left.length > 0, subject.keepsAll);
    },
  );

  rule('a folder may lie in folders', async ({ open }) => {
    await using storage = await open();
    await storage.write('2026/january/backup', 'part', Buffer.from('1'));
    await storage.finish('2026/january/backup');
    assert.deepEqual(await listed(storage, '2026/january/backup'), [{ name: 'part', bytes: 1 }]);
  });

  rule('stopping ends it with the reason of the signal', async ({ open }) => {
    const stopping = new AbortController();
    await using storage = await open(stopping.signal);
    await storage.write(FOLDER, 'part', Buffer.from('1'));
    const reason = new Error('the service stops');
    stopping.abort(reason);
    await assert.rejects(storage.write(FOLDER, 'late', Buffer.from('2')), (error) => error === reason);
    await assert.rejects(listed(storage, FOLDER), (error) => error === reason);
  });
}

export async function refuses(code: StorageErrorCode, act: () => Promise<unknown>): Promise<StorageError> {
  let refusal: unknown;
  try {
    await act();
  } catch (error) {
    refusal = error;
  }
  assert.ok(refusal instanceof StorageError, `refused with ${code}, not ${String(refusal)}`);
  assert.equal(refusal.code, code, refusal.message);
  return refusal;
}

export async function listed(storage: BackupStorage, folder: string): Promise<{ name: string; bytes: number }[]> {
  return Array.fromAsync(storage.list(folder));
}

export async function content(storage: BackupStorage, folder: string, name: string): Promise<Buffer> {
  return storage.read(folder, name, 64 * 1024 * 1024);
}
