// A product to be thrown away: supervisor, management plane, watcher and the instance that a first start in the dev profile makes, all on
// loopback, with a data directory of its own in a folder that is wiped when it is disposed of.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { overwriteFile } from '../files/destroy-folder.ts';
import { flag, integer, oneOf, record } from '../formats/shape.ts';
import { entryOf } from '../links/entry.ts';
import { compiledSources, killGroup } from '../links/spawn-child.ts';
import { makeThrowAwayFolder } from './folder.ts';

/** What whoever starts it says, as its one argument. */
export const readProductOptions = record({
  what: oneOf('product'),
  /** Bytes that it will write. */
  needs: integer(0, 2 ** 63),
  /** It may lie on a disk, where no memory has that much room. */
  onDisk: flag,
});

const READY_WITHIN_MS = 240_000;
const STOP_WITHIN_MS = 30_000;
const LOOK_MS = 50;
const LAST_WORDS = 2_000;

/** Resolves when it serves. @param configuration what `--config` names: no argument, as addresses in it may be secrets */
export async function startThrowAwayProduct(
  options: ReturnType<typeof readProductOptions>,
  configuration: string,
): Promise<AsyncDisposable & { readonly reached: { readonly folder: string }; readonly lost: Promise<string> }> {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(makeThrowAwayFolder(options));
  const [data, config, readyFile] = ['data', 'config.json', 'ready'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(data, { mode: 0o700 });
  await writeFile(config, configuration, { mode: 0o600 });
  const words = ['--data', data, '--profile', 'dev', '--port', '0', '--config', config, '--ready-file', readyFile];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entryOf('supervisor'), ...words], {
    cwd: '/',
    env: { ...compiledSources(), STRONGROOM_LAUNCHER: String(process.pid) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const closed = once(child, 'close');
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-LAST_WORDS);
    });
  let wanted = true;
  stack.defer(async () => {
    wanted = false;
    child.kill('SIGTERM');
    const timer = setTimeout(() => killGroup(child), STOP_WITHIN_MS);
    await closed;
    clearTimeout(timer);
  });
  const ended = closed.then(() => `the product ended early: ${said.trim() || 'without a word'}`);
  for (const late = performance.now() + READY_WITHIN_MS; !existsSync(readyFile); ) {
    const problem = await Promise.race([ended, delay(LOOK_MS, undefined)]);
    if (problem !== undefined) throw new Error(problem);
    if (performance.now() > late) throw new Error(`the product did not get ready in time: ${said.trim()}`);
  }
  // It was read: should this process be killed, what stays until the next one wipes it has less in it.
  overwriteFile(config);
  await rm(config);
  const owned = stack.move();
  return {
    reached: { folder },
    lost: new Promise((resolve) => void ended.then((reason) => wanted && resolve(reason))),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
