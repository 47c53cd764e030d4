import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Base, chooseBase } from './folder.ts';

const MIB = 2 ** 20;
const memory: Base = { path: '/dev/shm', inMemory: true, free: 64 * MIB };
const disk: Base = { path: '/tmp', inMemory: false, free: 1000 * MIB };
const memoryToo: Base = { path: '/run/user', inMemory: true, free: 500 * MIB };

test('memory is taken where it has room, wherever it is', () => {
  assert.equal(chooseBase([memory, disk], { needs: MIB, onDisk: true }), '/dev/shm');
  assert.equal(chooseBase([memory, disk, memoryToo], { needs: 100 * MIB, onDisk: true }), '/run/user');
});

test('a disk is taken only by those who said so', () => {
  assert.throws(
    () => chooseBase([memory, disk], { needs: 100 * MIB, onDisk: false }),
    /no file system in memory with 100 MiB free, of \/dev\/shm \(memory\) and \/tmp \(a disk\): enlarge .*--on-disk/,
  );
  assert.throws(() => chooseBase([disk], { needs: MIB, onDisk: false }), /no file system in memory/);
  assert.equal(chooseBase([memory, disk], { needs: 100 * MIB, onDisk: true }), '/tmp');
});

test('where nothing has room, that is said', () => {
  assert.throws(
    () => chooseBase([memory, disk], { needs: 2000 * MIB, onDisk: true }),
    /neither memory nor disk has 2000 MiB/,
  );
});
