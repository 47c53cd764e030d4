// Starts the demonstration: a client in a process of its own, with the environment a client's shell has. Its secrets it
// reads from the data directory; none are in its environment.

import { spawn } from 'node:child_process';
import type { RunningState } from '../deployment/running-state.ts';
import { entryOf } from '../links/entry.ts';
import { compiledSources, LIGHT_TYPES } from '../links/spawn-child.ts';

/**
 * It loads at once, and begins when it is told to.
 * @returns begins it, or ends it where it is not to be shown; whether all of it worked, or was told to stop; what did not work has been shown
 */
export function startDemo(
  { dataRoot, ca, uris, port }: RunningState,
  signal: AbortSignal,
): (isShown?: boolean) => Promise<boolean> {
  const own = [entryOf('demo'), '--data', dataRoot, '--port', String(port)];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', LIGHT_TYPES, ...own], {
    stdio: ['pipe', 'inherit', 'inherit'],
    signal,
    env: { ...compiledSources(), NODE_EXTRA_CA_CERTS: ca, HTTPS_PROXY: uris.proxy, NODE_USE_ENV_PROXY: '1' },
  });
  child.stdin.on('error', () => {}); // its end is seen below
  child.unref(); // where nothing else goes on, it ends with us
  const ended = new Promise<boolean>((resolve) => {
    child.once('error', (error) => {
      if (!signal.aborted)
        process.stderr.write(`strongroom: the demonstration could not be started: ${error.message}\n`);
      resolve(signal.aborted);
    });
    // Ctrl-C reaches it at the same time as us: its end may be seen before the signal is.
    child.once('exit', (code, by) => resolve(code === 0 || by === 'SIGINT' || signal.aborted));
  });
  return (isShown = true) => {
    if (isShown) child.stdin.end('begin');
    else child.kill();
    return ended;
  };
}
