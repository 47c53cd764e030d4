// Makes sure that node_modules is what package-lock.json says and holds the pinned Node; installs with npm otherwise.
// Cheap when nothing is to be done: one hash of the lock file against the stamp of the last install.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withInstallLock } from './install-lock.mjs';
import { InstallError, runInstaller } from './installer.mjs';
import { matchesLock } from './matches-lock.mjs';

/**
 * @param needs `runtime`: what the service runs on; `all`: also the tools that check and test it
 * @returns the path of the pinned Node. @throws InstallError with a text for the user, Interrupted
 */
export async function ensureInstalled(root, needs) {
  const node = join(root, 'node_modules', 'node', 'bin', 'node');
  if (isStamped(root, needs) && existsSync(node)) return node;
  await withInstallLock(root, async (alsoHeldBy) => {
    if (!isStamped(root, needs)) {
      // Someone may have run npm by hand: leave a node_modules alone that is already right.
      const has = matchesLock(root, 'all') ? 'all' : matchesLock(root, 'runtime') ? 'runtime' : 'nothing';
      if (has === 'nothing' || (has === 'runtime' && needs === 'all')) await install(root, needs, has, alsoHeldBy);
      writeFileSync(stampOf(root), `${lockHash(root)} ${has === 'all' ? has : needs}`);
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

export function isStamped(root, needs) {
  try {
    const [hash, has] = readFileSync(stampOf(root), 'utf8').split(' ');
    return hash === lockHash(root) && (has === 'all' || has === needs);
  } catch {
    return false; // no stamp yet, or no lock file to compare: the slow way finds out which
  }
}

async function install(root, needs, has, started) {
  const what = needs === 'all' ? 'with the tools for tests; about a minute, 530 MB' : 'about half a minute, 320 MB';
  console.error(`strongroom: installing what package-lock.json lists (npm; ${what}) ...`);
  const startedAt = Date.now();
  // `ci` begins by removing what is there, under the feet of a service that runs from it: only where that is wrong anyway.
  const how = has === 'runtime' ? ['install', '--no-save'] : needs === 'all' ? ['ci'] : ['ci', '--omit=dev'];
  // Its warnings are about the Node that started us, on which nothing of what is installed will run.
  await runInstaller('npm', [...how, '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, started });
  console.error(`strongroom: installed in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}

/** npm may have been told to skip install scripts; the one that matters fetches the Node binary. */
async function installNode(root, started) {
  console.error('strongroom: fetching the pinned Node (its install script was skipped by npm) ...');
  const cwd = join(root, 'node_modules', 'node');
  await runInstaller(process.execPath, ['installArchSpecificPackage'], { cwd, started });
}
