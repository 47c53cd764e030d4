// Whether node_modules already holds what package-lock.json lists, by npm's own record of what it installed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @param needs `runtime`: packages that are only for development may be missing */
export function matchesLock(root, needs) {
  let wanted;
  let installed;
  try {
    wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
    installed = JSON.parse(readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8')).packages;
  } catch {
    return false; // nothing installed, or a record that cannot be read: install
  }
  return sameWhereInstalled(wanted, installed) && nothingMissing(wanted, installed, needs);
}

function sameWhereInstalled(wanted, installed) {
  return Object.entries(installed).every(
    ([path, entry]) => wanted[path]?.version === entry.version && wanted[path]?.integrity === entry.integrity,
  );
}

/** Optional packages of other platforms are rightly absent. */
function nothingMissing(wanted, installed, needs) {
  return Object.entries(wanted).every(([path, entry]) => {
    const isSpare = entry.optional === true || entry.devOptional === true;
    return path === '' || path in installed || isSpare || (needs === 'runtime' && entry.dev === true);
  });
}
