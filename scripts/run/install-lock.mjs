// Lets one process install at a time: a second start in the same checkout waits for the first one's npm, also for one
// that has outlived the start.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Its pid is written right after a lock is made: one still without it after this time has no holder. */
const WITHOUT_PID_MS = 10_000;

/** `work` is given a function that takes the pid of a process that holds the lock too, for as long as it runs. */
export async function withInstallLock(root, work) {
  const lock = join(root, '.npm-install-lock');
  let told = false;
  while (!take(lock)) {
    if (!told) console.error('strongroom: waiting for another start that is installing ...');
    told = true;
    await sleep(200);
  }
  try {
    await work((pid) => writeFileSync(join(lock, 'pid'), `${process.pid}\n${pid}`));
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
  if (isAbandoned(lock)) clearAway(lock);
  return false;
}

/** A holder that died leaves the lock behind. */
function isAbandoned(lock) {
  const holders = holdersOf(lock);
  if (holders.length > 0) return !holders.some(isAlive);
  try {
    return Date.now() - statSync(lock).mtimeMs > WITHOUT_PID_MS;
  } catch {
    return false; // just given back
  }
}

/** Renaming succeeds for one of those who wait, so nobody clears away a lock that another one has just taken. */
function clearAway(lock) {
  const aside = `${lock}.${process.pid}`;
  try {
    renameSync(lock, aside);
  } catch {
    return; // another one was faster
  }
  rmSync(aside, { recursive: true, force: true });
}

function holdersOf(lock) {
  try {
    const pids = readFileSync(join(lock, 'pid'), 'utf8').split('\n').map(Number);
    return pids.filter((pid) => Number.isInteger(pid) && pid > 0);
  } catch {
    return []; // its pid is not written yet, or it was just given back
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
