// How a process of the module runs: the flags that start it (`crypto/client/spawn-partition.ts`) shut everything but its pipes,
// its folder and what it needs to load; it shuts the door behind that, and answers frames until its input ends.
import { CryptoError } from '../crypto/protocol/messages.ts';
import type { Dispatch } from './dispatch.ts';
import { dropPermissions } from './drop-permissions.ts';
import { forbidFurtherBinding } from './native.ts';
import { refuseToServe, serve } from './serve.ts';

export interface Runnable<P extends AsyncDisposable> {
  /** @throws CryptoError what the first question is answered with */
  open(now: () => number): P | Promise<P>;
  readonly dispatch: Dispatch<P>;
}

type ValuesOf = (option: string) => string[];

/** @param load binds what the process needs of native code, before the doors are shut */
export async function runModule<P extends AsyncDisposable>(
  load: (folder: string, valuesOf: ValuesOf) => Runnable<P>,
): Promise<void> {
  const [folder, ...options] = process.argv.slice(2);
  if (folder === undefined) throw new Error('the module is started by a service worker');
  const valuesOf: ValuesOf = (name) =>
    options.filter((option) => option.startsWith(name)).map((option) => option.slice(name.length));
  const { open, dispatch } = load(folder, valuesOf);
  forbidFurtherBinding();
  dropPermissions(folder, valuesOf('--program='));

  // Ctrl-C reaches the whole process group; the worker decides when this process ends, by closing the pipe.
  process.on('SIGINT', () => undefined);

  try {
    await using module = await open(() => Math.floor(Date.now() / 1000));
    await serve((frame) => dispatch(module, frame), process.stdin, process.stdout);
  } catch (error) {
    process.exitCode = 70;
    // Our own refusals may say why; of anything else, the name.
    const reason = error instanceof CryptoError ? error.message : (error as Error).name;
    process.stderr.write(`module: ended on ${reason}\n`);
    // Of no use where it had begun to serve: then the input is closed, or nobody asks any more.
    if (error instanceof CryptoError) await refuseToServe(error, process.stdin, process.stdout).catch(() => undefined);
  }
  process.stdin.destroy();
}
