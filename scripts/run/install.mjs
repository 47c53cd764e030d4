// Makes sure that node_modules is what package-lock.json says and holds the pinned Node; installs with npm otherwise.
// Cheap when nothing is to be done: one hash of the lock file against the stamp of the last install.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withInstallLock } from './install-lock.mjs';
import { matchesLock } from './matches-lock.mjs';

export class InstallError extends Error {}

/** @returns the path of the pinned Node. @throws InstallError with a text for the user */
export async function ensureInstalled(root) {
  const node = join(root, 'node_modules', 'node', 'bin', 'node');
  if (isStamped(root) && existsSync(node)) return node;
  await withInstallLock(root, async () => {
    if (!isStamped(root)) {
      // Someone may have run npm by hand: leave a node_modules alone that is already right.
      if (!matchesLock(root)) await install(root);
      writeFileSync(stampOf(root), lockHash(root));
    }
    if (!existsSync(node)) await installNode(root);
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

async function install(root) {
  console.error('strongroom: installing what package-lock.json lists (npm ci) ...');
  const started = Date.now();
  await run('npm', ['ci', '--no-audit', '--no-fund'], root);
  console.error(`strongroom: installed in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** npm may have been told to skip install scripts; the one that matters fetches the Node binary. */
async function installNode(root) {
  console.error('strongroom: fetching the pinned Node (its install script was skipped by npm) ...');
  await run(process.execPath, ['installArchSpecificPackage'], join(root, 'node_modules', 'node'));
}

function run(program, args, cwd) {
  return new Promise((resolve, reject) => {
    // Everything npm says goes to stderr: stdout belongs to the program that is about to run.
    const child = spawn(program, args, { cwd, stdio: ['ignore', 2, 2] });
    child.once('error', (error) => {
      const missing = error.code === 'ENOENT';
      reject(new InstallError(missing ? `'${program}' is not on the PATH; it comes with Node.js` : error.message));
    });
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else {
        const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
        reject(
          new InstallError(`'${program} ${args.join(' ')}' ${how}; the first start needs the npm registry (network)`),
        );
      }
    });
  });
}
