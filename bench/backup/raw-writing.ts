// What the machine can do at best with the bytes of a backup: encrypt them (AES-256-GCM), and write them to the same disk in
// the same files, each made durable. No product could be faster than the two.
import { createCipheriv, randomBytes } from 'node:crypto';
import { closeSync, fdatasyncSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface RawWriting {
  readonly encryptMs: number;
  readonly writeMs: number;
}

/** @param files sizes in bytes @param folder on the disk of the backups */
export function rawWriting(files: readonly number[], folder: string): RawWriting {
  const scratch = join(folder, 'raw-writing');
  mkdirSync(scratch);
  try {
    const content = randomBytes(Math.max(...files));
    const encryptMs = took(() => {
      for (const bytes of files) {
        const cipher = createCipheriv('aes-256-gcm', randomBytes(32), randomBytes(12));
        cipher.update(content.subarray(0, bytes));
        cipher.final();
      }
    });
    const writeMs = took(() => {
      for (const [at, bytes] of files.entries()) {
        const file = openSync(join(scratch, String(at)), 'wx');
        writeSync(file, content, 0, bytes);
        fdatasyncSync(file);
        closeSync(file);
      }
    });
    return { encryptMs, writeMs };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function took(work: () => void): number {
  const begin = performance.now();
  work();
  return performance.now() - begin;
}
