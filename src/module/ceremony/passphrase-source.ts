// The one file outside of its folder that a locked module may read; that door is shut once it is unlocked.
import { closeSync, openSync, readSync } from 'node:fs';
import process from 'node:process';
import type { Permission } from '../drop-permissions.ts';
import type { PassphraseSource } from './seal-lock.ts';

/** Far more than a passphrase. */
const MOST_PASSPHRASE = 4096;

export function passphraseSource(path: string | undefined): PassphraseSource | undefined {
  if (path === undefined) return undefined;
  return {
    read() {
      const file = openSync(path, 'r');
      const content = Buffer.alloc(MOST_PASSPHRASE);
      try {
        return content.subarray(0, readSync(file, content));
      } finally {
        closeSync(file);
      }
    },
    close() {
      (process.permission as Permission | undefined)?.drop('fs.read', path);
    },
  };
}
