import assert from 'node:assert/strict';
import { test } from 'node:test';
import { targetDetail } from './entry-detail.ts';

const recorded = (storageResourceUri: string): unknown => targetDetail({ storageResourceUri }).storage;

test('a place is told by origin and path, one of files by its path', () => {
  for (const place of [
    'https://account.blob.core.windows.net/container',
    'https://storage.test:8443/account/$web-1._/mhsm-x',
    'http://127.0.0.1:10000/devstoreaccount1/backups',
    'file:///var/backups/mhsm-1',
  ]) {
    assert.equal(recorded(place), place);
  }
});

test('nothing is told that could open a place, wherever in its address it stands', () => {
  for (const [asked, told] of [
    ['https://user:SECRET@storage.test/c?sig=SECRET#SECRET', 'https://storage.test/c'],
    ['http://SECRET@127.0.0.1:10000/c', 'http://127.0.0.1:10000/c'],
    ['https://storage.test/c&sig=SECRET', 'https://storage.test/c'],
    ['https://storage.test/c%3Fsv=1&sig=SECRET', 'https://storage.test/c'],
    ['file://SECRET/folder?SECRET', 'file:///folder'],
    ['file:///folder&sig=SECRET', 'file:///folder'],
    ['x:SECRET', 'x:'],
    ['x://user:SECRET@SECRET/SECRET', 'x:'],
    ['ftp://user:SECRET@storage.test/SECRET', 'ftp:'],
    ['data:text/plain,SECRET', 'data:'],
    ['SECRET', undefined],
  ] as const) {
    assert.equal(recorded(asked), told, asked);
  }
});
