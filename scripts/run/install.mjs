// Makes sure that node_modules is what package-lock.json says and holds the pinned Node; installs with npm otherwise.
// Cheap when nothing is to be done: one hash of the lock file against the stamp of the last install.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withInstallLock } from './install-lock.mjs';
import { InstallError, runInstaller } from './installer.mjs';
import { matchesLock } from './matches-lock.mjs';

/** @returns the path of the pinned Node. @throws InstallError with a text for the user, Interrupted */
export async function ensureInstalled(root) {
  const node = join(root, 'node_modules', 'node', 'bin', 'node');
  if (isStamped(root) && existsSync(node)) return node;
  await withInstallLock(root, async (alsoHeldBy) => {
    if (!isStamped(root)) {
      // Someone may have run npm by hand: leave a node_modules alone that is already right.
      if (!matchesLock(root)) await install(root, alsoHeldBy);
      writeFileSync(stampOf(root), lockHash(root));
    }
    if (!existsSync(node)) await installNode(root, alsoHeldBy);
  });
  if (!existsSync(node)) throw new InstallError(`npm finished, but ${node} is not there`);
  return node;
}

export function stampOf(root) {
  return join(root, 'node_modules', '.strongroom-lock-hash');
}

export function lockHash(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

export function isStamped(root) {
  try {
    return readFileSync(stampOf(root), 'utf8') === lockHash(root);
  } catch {
    return false; // no stamp yet, or no lock file to compare: the slow way finds out which
  }
}

async function install(root, started) {
  console.error('strongroom: installing what package-lock.json lists (npm ci; about half a minute, 430 MB) ...');
  const startedAt = Date.now();
  await runInstaller('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root, started });
  console.error(`strongroom: installed in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}

/** npm may have been told to skip install scripts; the one that matters fetches the Node binary. */
async function installNode(root, started) {
  console.error('strongroom: fetching the pinned Node (its install script was skipped by npm) ...');
  const cwd = join(root, 'node_modules', 'node');
  await runInstaller(process.execPath, ['installArchSpecificPackage'], { cwd, started });
}
