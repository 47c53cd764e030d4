// Whether anybody but root and this user could put something else at a path: in the file itself, in each folder that leads to
// it, and on the way of each link. Folders such as /tmp, where everybody makes files and nobody takes away those of others, are
// no danger to a file of ours.
import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from '../start-config.ts';

const WRITTEN_BY_OTHERS = 0o022;
const STICKY = 0o1000;
/** As many as the system follows. */
const MOST_LINKS = 40;

/** @param what is at stake, as a part of the sentence @throws ConfigError; what `lstat` throws when there is nothing */
export function checkWay(path: string, what: string): void {
  const self = process.geteuid?.() ?? 0;
  for (const { at, stats } of stepsTo(resolvePlainly(path))) {
    if (stats.uid !== 0 && stats.uid !== self) {
      throw new ConfigError(`${at} belongs to another user (${stats.uid}), who may change ${what}: chown root '${at}'`);
    }
    const isShared = stats.isDirectory() && (stats.mode & STICKY) !== 0;
    if (stats.isSymbolicLink() || isShared || (stats.mode & WRITTEN_BY_OTHERS) === 0) continue;
    throw new ConfigError(
      `others may write to ${at} (mode ${(stats.mode & 0o777).toString(8).padStart(3, '0')}), and with it change ${what}: ` +
        `chmod go-w '${at}'`,
    );
  }
}

/** Everything that the system looks at on its way there, in its order. */
function* stepsTo(path: string): Generator<{ readonly at: string; readonly stats: Stats }> {
  let [folder, links] = ['/', 0];
  yield { at: folder, stats: lstatSync(folder) };
  const ahead = path.split('/');
  for (let name = ahead.shift(); name !== undefined; name = ahead.shift()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      folder = dirname(folder);
      continue;
    }
    const at = join(folder, name);
    const stats = lstatSync(at);
    yield { at, stats };
    if (!stats.isSymbolicLink()) {
      folder = at;
      continue;
    }
    links += 1;
    if (links > MOST_LINKS)
      throw new ConfigError(`${path} has more than ${MOST_LINKS} links on its way: name the file itself`);
    const target = readlinkSync(at);
    if (target.startsWith('/')) folder = '/';
    ahead.unshift(...target.split('/'));
  }
}

/** `..` after a link leads elsewhere than its text says, so the text of an absolute path is left alone. */
function resolvePlainly(path: string): string {
  return path.startsWith('/') ? path : `${resolve('.')}/${path}`;
}
