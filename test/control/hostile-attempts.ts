// What a confined process in the hands of an attacker tries at the machine, and what came of each: `done`, or the code of the refusal.
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join } from 'node:path';
import { writeHeapSnapshot } from 'node:v8';
import { Worker } from 'node:worker_threads';

export interface Attempted {
  /** The folder that is its own; `targets.json` is in it. */
  readonly own: string;
  /** The data directory, which that is in. */
  readonly root: string;
  readonly pids: readonly number[];
}

export function openAttempts({ own, root, pids }: Attempted) {
  const report: Record<string, string> = {};
  function attempt(name: string, act: () => unknown): void {
    try {
      act();
      report[name] = 'done';
    } catch (error) {
      report[name] = (error as NodeJS.ErrnoException).code ?? String(error);
    }
  }

  function tryFile(path: string): void {
    attempt(`read ${path}`, () => fs.readFileSync(path));
    attempt(`list ${path}`, () => fs.readdirSync(path));
    attempt(`write ${path}`, () => fs.writeFileSync(path, 'x', { flag: 'r+' }));
    attempt(`append ${path}`, () => fs.appendFileSync(path, 'x'));
    attempt(`remove ${path}`, () => fs.rmSync(path));
    attempt(`rename ${path}`, () => fs.renameSync(path, join(own, 'stolen')));
    attempt(`copy ${path}`, () => fs.copyFileSync(path, join(own, 'stolen')));
    attempt(`overwrite ${path}`, () => fs.copyFileSync(join(own, 'targets.json'), path));
    attempt(`hard link ${path}`, () => fs.linkSync(path, join(own, 'hard')));
    attempt(`symbolic link ${path}`, () => fs.symlinkSync(path, join(own, 'soft')));
    attempt(`relative link ${path}`, () => {
      const relative = `../${path.slice(root.length + 1)}`;
      fs.symlinkSync(relative, join(own, 'relative'));
      fs.readFileSync(join(own, 'relative'));
    });
    attempt(`dots ${path}`, () => fs.readFileSync(`${own}/../${path.slice(root.length + 1)}`));
    attempt(`as bytes ${path}`, () => fs.readFileSync(Buffer.from(path)));
    attempt(`open ${path}`, () => fs.openSync(path, 'r'));
    attempt(`database ${path}`, () => openDatabase(path).exec('CREATE TABLE stolen (x)'));
    attempt(`attach ${path}`, () => {
      const database = openDatabase(':memory:');
      database.exec(`ATTACH DATABASE '${path}' AS other; CREATE TABLE other.stolen (x);`);
    });
    attempt(`snapshot ${path}`, () => writeHeapSnapshot(`${path}.heapsnapshot`));
    attempt(`report ${path}`, () => process.report.writeReport(`${path}.report`));
  }

  /** SQLite is no part of what it is left with; imported, it would not even start. */
  function openDatabase(path: string) {
    const { DatabaseSync } = createRequire(import.meta.url)('node:sqlite') as typeof import('node:sqlite');
    return new DatabaseSync(path);
  }

  async function tryProcesses(): Promise<void> {
    attempt('child process', () => spawn('/bin/sh', ['-c', `touch ${root}/owned`]));
    attempt('thread', () => new Worker('1', { eval: true, execArgv: [] }));
    attempt('native code', () => createRequire(import.meta.url)('koffi') as unknown);
    attempt('internal binding', () => (process as unknown as { binding(name: string): unknown }).binding('spawn_sync'));
    attempt('other folder', () => process.chdir(root));
    for (const path of ['/proc/net/unix', '/proc/self/environ', ...pids.map((pid) => `/proc/${pid}/mem`)]) {
      attempt(`read ${path}`, () => fs.readFileSync(path));
    }
    // Whoever answers to this signal opens a debugger on this port.
    for (const pid of pids) {
      attempt(`debugger in ${pid}`, () => process.kill(pid, 'SIGUSR1'));
      await new Promise((resolve) => setTimeout(resolve, 300));
      report[`debugger in ${pid}`] = await reach({ host: '127.0.0.1', port: 9229 });
    }
  }

  /** Whoever waits for it finds it whole. */
  function tell(): void {
    fs.writeFileSync(join(own, 'report.new'), JSON.stringify(report));
    fs.renameSync(join(own, 'report.new'), join(own, 'report.json'));
  }
  return { report, attempt, tryFile, tryProcesses, tell };
}

export function reach(to: { readonly host?: string; readonly port?: number; readonly path?: string }): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(to as { port: number });
    socket.once('connect', () => {
      socket.destroy();
      resolve('done');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? String(error)));
  });
}
