// A data directory as the demonstration leaves it: an instance that is activated, its custodians, a key. It is made once for each state
// of the sources, kept with the checkout's caches, and copied for whoever needs a running instance and not its first start.
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The runner says here for which sources; without it, nothing is kept or copied. */
const KEY = 'STRONGROOM_TEST_SOURCES';
const DAY_MS = 86_400_000;
/** What belongs to one start: the next one makes it anew, and a port is for one product. */
const OF_A_START = ['logs', 'env.sh', 'env-local.sh', 'instances/dev/run'];
/** Names its data directory. */
const WITH_PATHS = 'instances/dev/instance.json';

/** What the sources are, and the day: certificates and times in a kept directory are never old. */
export function sourcesKey(checkout: string): string {
  const hash = createHash('sha256').update(new Date().toISOString().slice(0, 10));
  const sources = globSync(['package-lock.json', 'src/**/*.ts'], { cwd: checkout }).filter(
    (file) => !/\.(test|fixture)\.ts$/.test(file),
  );
  for (const file of sources.sort()) {
    hash.update(`\n${file}\n`).update(readFileSync(join(checkout, file)));
  }
  return hash.digest('hex').slice(0, 32);
}

/**
 * Fills `data` by a copy.
 * @param make leaves a stopped product's data directory at a path
 * @returns false where none is kept: whoever asks makes their own
 */
export async function copyReadyData(
  checkout: string,
  data: string,
  make: (path: string) => Promise<void>,
): Promise<boolean> {
  const key = process.env[KEY];
  if (key === undefined) return false;
  const kept = join(checkout, 'node_modules/.cache/ready-data');
  const ready = join(kept, key);
  if (!existsSync(ready)) await keep(kept, ready, make);
  await cp(join(ready, 'data'), data, { recursive: true });
  const file = join(data, WITH_PATHS);
  const madeAt = await readFile(join(ready, 'made-at'), 'utf8');
  await writeFile(
    file,
    (await readFile(file, 'utf8')).replaceAll(JSON.stringify(madeAt).slice(1, -1), JSON.stringify(data).slice(1, -1)),
  );
  return true;
}

async function keep(kept: string, ready: string, make: (path: string) => Promise<void>): Promise<void> {
  await mkdir(kept, { recursive: true, mode: 0o700 });
  for (const name of await readdir(kept)) {
    const { mtimeMs } = await stat(join(kept, name));
    if (mtimeMs < Date.now() - DAY_MS) await rm(join(kept, name), { recursive: true, force: true });
  }
  const making = await mkdtemp(join(kept, 'making-'));
  const data = join(making, 'data');
  await mkdir(data, { mode: 0o700 });
  await make(data);
  await Promise.all(OF_A_START.map((path) => rm(join(data, path), { recursive: true, force: true })));
  await writeFile(join(making, 'made-at'), data);
  try {
    await rename(making, ready);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    // Another test file has made it meanwhile.
    await rm(making, { recursive: true });
  }
}
