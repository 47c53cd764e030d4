import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { openStorageBy } from '../open-storage.ts';
import type { BackupStorage } from '../port.ts';
import { content, listed, refuses, type Subject, storageContract } from '../storage.contract.ts';

const running = new AbortController().signal;
/** Of a user who owns nothing here. */
const NOBODY = 65_534;

function opener(folder: string, keepsAll = false): (path?: string, stopping?: AbortSignal) => Promise<BackupStorage> {
  const open = openStorageBy({
    targets: [{ uri: pathToFileURL(folder).href, keepsAll }],
    profile: 'production',
    nowMs: Date.now,
  });
  return (path = folder, stopping = running) =>
    open({ storageResourceUri: pathToFileURL(path).href, credential: { kind: 'none' } }, stopping);
}

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-backups-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
}

for (const [kind, keepsAll] of [
  ['directory', false],
  ['append-only directory', true],
] as const) {
  storageContract(kind, (use) =>
    withFolder((folder) => {
      const open = opener(folder, keepsAll);
      const subject: Subject = {
        open: (stopping) => open(folder, stopping),
        keepsAll,
        names: () => filesOf(folder),
      };
      return use(subject);
    }),
  );
}

/** Runs what needs a disk of its own; says why where that cannot be had. */
function onSmallDisk(name: string, use: (folder: string) => Promise<void>): void {
  test(name, async (context) => {
    await withFolder(async (folder) => {
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder], { stdio: 'ignore' });
      } catch {
        context.skip('mounting a small disk needs rights that this account has not');
        return;
      }
      try {
        await use(folder);
      } finally {
        execFileSync('umount', [folder], { stdio: 'ignore' });
      }
    });
  });
}

onSmallDisk('a disk that is full is called that, and no part of the file stays', async (folder) => {
  await using storage = await opener(folder)();
  const refusal = await refuses('Full', () => storage.write('backup', 'part', new Uint8Array(1024 * 1024)));
  assert.match(refusal.message, /writing 'part' of 'backup': the disk is full; make room/);
  assert.deepEqual(await filesOf(folder), []);
  await storage.write('backup', 'part', new Uint8Array(1024));
  await storage.finish('backup');
  assert.deepEqual(await listed(storage, 'backup'), [{ name: 'part', bytes: 1024 }]);
  // Where nothing can be taken away again, half a part may have stayed.
  await using keeping = await opener(folder, true)();
  await refuses('Full', () => keeping.write('spoilt', 'part', new Uint8Array(1024 * 1024)));
  await refuses('Incomplete', () => keeping.finish('spoilt'));
});

test('no symbolic link leads out of the place, whatever lies at its end', () =>
  withFolder(async (outside) => {
    await mkdir(join(outside, 'backup'));
    await writeFile(join(outside, 'backup', 'complete'), '');
    await writeFile(join(outside, 'secret'), 'secret');
    await withFolder(async (folder) => {
      const open = opener(folder);
      await symlink(outside, join(folder, 'way-out'));
      await refuses('NotAllowed', () => open(join(folder, 'way-out')));
      await using storage = await open();
      for (const escape of ['way-out', 'way-out/backup']) {
        await refuses('NotAllowed', () => listed(storage, escape));
        await refuses('NotAllowed', () => storage.write(escape, 'part', Buffer.from('1')));
      }
      await storage.write('mine', 'part', Buffer.from('1'));
      await symlink(join(outside, 'secret'), join(folder, 'mine', 'linked'));
      await storage.finish('mine');
      await refuses('NotAllowed', () => content(storage, 'mine', 'linked'));
      await refuses('Damaged', () => listed(storage, 'mine'));
      for (const bad of ['..', 'mine/..', './mine', '/mine', 'mine//x', '', 'mine/', 'a b']) {
        await refuses('Malformed', () => storage.write(bad, 'part', Buffer.from('1')));
        await refuses('Malformed', () => listed(storage, bad));
      }
      for (const bad of ['..', '../x', 'a/b', '', 'x\0']) {
        await refuses('Malformed', () => content(storage, 'mine', bad));
      }
    });
    assert.deepEqual((await filesOf(outside)).sort(), ['complete', 'secret']);
  }));

test('a place that is not there, or no folder, is named with what to do', () =>
  withFolder(async (folder) => {
    const open = opener(folder);
    assert.match((await refuses('NotFound', () => open(join(folder, 'none')))).message, /make it \('mkdir -p'\)/);
    await writeFile(join(folder, 'file'), '');
    await refuses('NotFound', () => open(join(folder, 'file')));
  }));

test('a folder that may not be entered is said to be one, and not to have no backup', () =>
  withFolder(async (folder) => {
    const place = join(folder, 'place');
    await mkdir(join(place, 'backup'), { recursive: true });
    await chmod(folder, 0o755);
    await using storage = await opener(place)();
    await chmod(place, 0o600);
    // Root may enter anything.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(NOBODY);
    try {
      const { message } = await refuses('AccessDenied', () => listed(storage, 'backup'));
      assert.match(message, /place' may not be entered by the account that this runs as/);
    } finally {
      if (isRoot) process.seteuid?.(0);
      await chmod(place, 0o700);
    }
  }));

test('what is no file is refused at once, where a named pipe would wait for somebody who writes into it', () =>
  withFolder(async (folder) => {
    await using storage = await opener(folder)();
    await storage.write('backup', 'part-1', Buffer.from('1'));
    const marker = join(folder, 'backup', 'complete');
    execFileSync('mkfifo', [marker]);
    await refuses('Damaged', () => listed(storage, 'backup'));
    await rm(marker);
    await storage.finish('backup');
    execFileSync('mkfifo', [join(folder, 'backup', 'part-2')]);
    await refuses('Damaged', () => content(storage, 'backup', 'part-2'));
    await using adding = await opener(folder, true)();
    execFileSync('mkfifo', [join(folder, 'write-check')]);
    await refuses('Unavailable', () => adding.checkWritable());
  }));

test('a write that was killed in the middle leaves nothing that is taken for a part', () =>
  withFolder(async (folder) => {
    await using storage = await opener(folder)();
    await storage.write('backup', 'part-1', Buffer.from('1'));
    await writeFile(join(folder, 'backup', '.11111111-1111-4111-8111-111111111111.part'), 'half');
    await refuses('Incomplete', () => listed(storage, 'backup'));
    await storage.abandon('backup');
    assert.deepEqual(await readdir(folder), []);
  }));

test('a directory to which the system only lets things be added keeps backups', (context) =>
  withFolder(async (folder) => {
    try {
      execFileSync('chattr', ['+a', folder], { stdio: 'ignore' });
    } catch {
      context.skip('append-only folders need root and a file system that has them');
      return;
    }
    const inside = join(folder, 'backup');
    try {
      await using other = await opener(folder)();
      const refusal = await refuses('AccessDenied', () => other.checkWritable());
      assert.match(refusal.message, /append-only folders need 'keepsAll'/);
      await using storage = await opener(folder, true)();
      await storage.checkWritable();
      await storage.checkWritable();
      await storage.write('backup', 'part-1', Buffer.from('1'));
      execFileSync('chattr', ['+a', inside]);
      await storage.write('backup', 'part-2', Buffer.from('2'));
      await storage.finish('backup');
      await storage.abandon('backup');
      assert.deepEqual((await listed(storage, 'backup')).map(({ name }) => name).sort(), ['part-1', 'part-2']);
      assert.equal((await content(storage, 'backup', 'part-2')).toString(), '2');
    } finally {
      execFileSync('chattr', ['-R', '-a', folder]);
    }
  }));
