// Starts the demonstration: a client in a process of its own, with the environment a client's shell has. Its secrets it
// reads from the data directory; none are in its environment.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { RunningState } from './files/running-state.ts';

/** @returns whether all of it worked; what did not has been shown */
export function runDemo({ dataRoot, ca, uris, port }: RunningState): Promise<boolean> {
  const entry = fileURLToPath(new URL('demo.ts', import.meta.url));
  const args = ['--disable-warning=ExperimentalWarning', entry, '--data', dataRoot, '--port', String(port)];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { NODE_EXTRA_CA_CERTS: ca, HTTPS_PROXY: uris.proxy, NODE_USE_ENV_PROXY: '1' },
  });
  return new Promise((resolve) => {
    child.once('error', (error) => {
      process.stderr.write(`strongroom: the demonstration could not be started: ${error.message}\n`);
      resolve(false);
    });
    child.once('exit', (code) => resolve(code === 0));
  });
}
