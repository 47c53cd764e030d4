// Lets one process install at a time: a second start in the same checkout waits for the first one's npm.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export async function withInstallLock(root, work) {
  const lock = join(root, '.npm-install-lock');
  let told = false;
  while (!take(lock)) {
    if (!told) console.error('strongroom: waiting for another start that is installing ...');
    told = true;
    await sleep(200);
  }
  try {
    await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function take(lock) {
  try {
    mkdirSync(lock);
    writeFileSync(join(lock, 'pid'), String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  // A holder that died leaves the lock behind: the next one clears it away and tries again.
  if (!isAlive(holderOf(lock))) rmSync(lock, { recursive: true, force: true });
  return false;
}

function holderOf(lock) {
  try {
    return Number(readFileSync(join(lock, 'pid'), 'utf8'));
  } catch {
    return 0; // just made, its pid not written yet; or just given back
  }
}

function isAlive(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
