// Runs npm, or what it would run, as a child that ends with us: stopped by the signals that stop us, waited for, and
// with a sentence for the user when it fails.
import { spawn } from 'node:child_process';

export class InstallError extends Error {}

/** A signal came, and the installer has ended. */
export class Interrupted extends Error {
  constructor(signal) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}

const STOPS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
const STOP_WITHIN_MS = 5000;
const NETWORK = new Set([
  ...['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'ENETUNREACH', 'EHOSTUNREACH'],
  ...['ERR_SOCKET_TIMEOUT', 'EIDLETIMEOUT', 'FETCH_ERROR'],
]);

/**
 * @param options `cwd`, and `started`, which is given the pid
 * @throws InstallError, Interrupted
 */
export function runInstaller(program, args, { cwd, started }) {
  return new Promise((resolve, reject) => {
    // A process group of its own, so that what npm has started ends too. Everything it says goes to stderr: stdout
    // belongs to the program that is about to run.
    const child = spawn(program, args, { cwd, stdio: ['ignore', 2, 'pipe'], detached: true });
    let by;
    let timer;
    const stop = (signal) => {
      by ??= signal;
      killGroup(child, signal);
      timer ??= setTimeout(() => killGroup(child, 'SIGKILL'), STOP_WITHIN_MS);
    };
    for (const signal of STOPS) process.on(signal, stop);
    const end = (settle) => {
      clearTimeout(timer);
      for (const signal of STOPS) process.removeListener(signal, stop);
      settle();
    };
    let said = '';
    child.stderr.on('data', (chunk) => {
      process.stderr.write(chunk);
      said = (said + chunk).slice(-64 * 1024);
    });
    child.once('error', (error) => {
      const missing = error.code === 'ENOENT';
      const text = missing ? `'${program}' is not on the PATH; it comes with Node.js` : error.message;
      end(() => reject(new InstallError(text)));
    });
    child.once('exit', () => {
      if (by !== undefined) killGroup(child, 'SIGKILL'); // what is left of it
    });
    child.once('close', (code, signal) => {
      end(() => {
        if (by !== undefined) reject(new Interrupted(by));
        else if (code === 0) resolve();
        else reject(new InstallError(`'${program} ${args.join(' ')}' ${describe(code, signal, said)}`));
      });
    });
    if (child.pid !== undefined) started(child.pid);
  });
}

function describe(code, signal, said) {
  const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
  const reason = /npm (?:error|ERR!) code (\w+)/.exec(said)?.[1];
  if (reason === undefined) return `${how}; what it said is above`;
  if (NETWORK.has(reason)) return `${how} (${reason}): the first start needs the npm registry, which was not reached`;
  return `${how} (${reason}); what it said is above. If it does so again, remove node_modules and start again`;
}

function killGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
