// Runs the pinned Node as a child that stands in for this process: same terminal, same signals, same end.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];

/**
 * What Node makes of the sources is kept beside them: a start takes half the time. Who cannot write there (a deployment's own user)
 * goes without, and whoever can could change the sources as well.
 */
const COMPILED = fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url));

/** Resolves when the program has ended, with this process's exit code (or death by the same signal) arranged. */
export function launch(node, args) {
  return new Promise((resolve, reject) => {
    // Type stripping and node:sqlite are pinned with the runtime: their warnings tell a user nothing.
    // Of WebAssembly there is only what strips types: not worth a second, better compilation.
    const flags = ['--disable-sigusr1', '--disable-warning=ExperimentalWarning', '--liftoff-only'];
    const child = spawn(node, [...flags, ...args], {
      stdio: 'inherit',
      // A long-running program ends when this process does, even by SIGKILL: it compares this with its parent.
      env: { NODE_COMPILE_CACHE: COMPILED, ...process.env, STRONGROOM_LAUNCHER: String(process.pid) },
    });
    // To a Node that does not listen for it, this signal opens a debugger: any process of the same user could come in.
    process.on('SIGUSR1', () => {});
    const forward = (signal) => child.kill(signal);
    for (const signal of FORWARDED) process.on(signal, forward);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      for (const each of FORWARDED) process.removeListener(each, forward);
      if (signal === null) process.exitCode = code;
      else process.kill(process.pid, signal);
      resolve();
    });
  });
}
