// Loaded into the processes of a product that the benchmark starts to be profiled (`--import` on their command lines),
// before their own entry: a CPU profile for whoever connects to the process's socket, from the connection until its half-close.
// The product knows nothing of it. No debugger opens, and no port: the socket lies in the benchmark's own folder.
// usage: --import=file:///…/inside.ts?folder=FOLDER
import childProcess, { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { syncBuiltinESMExports } from 'node:module';
import { createServer, type Socket } from 'node:net';
import { profileSocket } from './profile.ts';

const SAMPLING_MICROS = 200;

serveProfiles(profileSocket(new URL(import.meta.url).searchParams.get('folder') ?? '', process.pid));
handOn();

function serveProfiles(path: string): void {
  // `strongroom start` becomes the supervisor by replacing its program: same process, second time here.
  rmSync(path, { force: true });
  createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    void profile(socket);
  })
    .listen(path)
    .unref();
}

async function profile(socket: Socket): Promise<void> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_MICROS });
    await session.post('Profiler.start');
    socket.resume();
    await once(socket, 'end');
    const stopped = await session.post('Profiler.stop');
    socket.end(JSON.stringify(stopped.profile));
  } catch {
    socket.destroy(); // who asked sees an answer that is not whole
  } finally {
    session.disconnect();
  }
}

/** To the processes that this one starts, except those under the permission model, which could not read this file. */
function handOn(): void {
  const spawn = childProcess.spawn as (command: string, ...rest: unknown[]) => ChildProcess;
  const spawnWithUs = (command: string, ...[args, ...rest]: unknown[]): ChildProcess =>
    spawn(command, Array.isArray(args) ? withUs(args as string[]) : args, ...rest);
  childProcess.spawn = spawnWithUs as typeof childProcess.spawn;
  syncBuiltinESMExports();
}

function withUs(args: readonly string[]): readonly string[] {
  const node = args.indexOf(process.execPath);
  if (node === -1 || args.includes('--permission')) return args;
  return args.toSpliced(node + 1, 0, `--import=${import.meta.url}`);
}
