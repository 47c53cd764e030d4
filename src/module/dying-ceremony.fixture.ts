// A process that runs one ceremony over a module's folder and kills itself, as a power cut would, at the step of the file
// system that it was told: before it, or right after. Arguments: folder, message, request as JSON, step. It prints
// `done` when it comes to its end alive.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [folder, name, request, step] = process.argv.slice(2) as [string, string, string, string];
let left = Number(step);

function countdown(): void {
  if (left === 0) process.kill(process.pid, 'SIGKILL');
  left -= 1;
}

function dying<A extends readonly unknown[], R>(call: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    countdown();
    const result = call(...args);
    countdown();
    return result;
  };
}

const { ask, openModule } = await import('./key-module.fixture.ts');
await using module = openModule(folder);
fs.writeSync = dying(fs.writeSync) as typeof fs.writeSync;
fs.renameSync = dying(fs.renameSync);
fs.unlinkSync = dying(fs.unlinkSync);
fs.rmSync = dying(fs.rmSync);
fs.linkSync = dying(fs.linkSync);
syncBuiltinESMExports();
await ask(module, name as never, JSON.parse(request) as never);
process.stdout.write('done');
