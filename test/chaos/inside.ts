// Loaded into the processes of a product that is to be disturbed (`--import` on their command lines), before their own entry: hands
// the library that disturbs them, itself, and a control file for each kind of process on to what they start. The product knows nothing of it.
// usage: --import=file:///…/inside.ts?cores=N, with LD_PRELOAD and STRONGROOM_FAULTS in the environment
import childProcess, { type ChildProcess, type SpawnOptions } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { roleOf } from './fault-control.ts';

const { LD_PRELOAD, STRONGROOM_FAULTS } = process.env;
const cores = Number(new URL(import.meta.url).searchParams.get('cores'));
const spawn = childProcess.spawn as (command: string, args: readonly string[], options: SpawnOptions) => ChildProcess;

function spawnWithUs(command: string, args: readonly string[] = [], options: SpawnOptions = {}): ChildProcess {
  const node = args.indexOf(process.execPath);
  const role = roleOf(args);
  if (node === -1 || role === undefined || STRONGROOM_FAULTS === undefined) return spawn(command, args, options);
  const env = { ...options.env, LD_PRELOAD, STRONGROOM_FAULTS: join(dirname(STRONGROOM_FAULTS), role) };
  // Those under the permission model could not read this file, and start nothing.
  const flags = args.includes('--permission') ? [] : [`--import=${import.meta.url}`];
  return spawn(command, args.toSpliced(node + 1, 0, ...flags), { ...options, env });
}

childProcess.spawn = spawnWithUs as typeof childProcess.spawn;
// As on a machine with so many: how many workers there are follows from it.
if (cores > 0) os.availableParallelism = () => cores;
syncBuiltinESMExports();
