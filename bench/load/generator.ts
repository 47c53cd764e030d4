// The benchmark's end of the load generator process: start it, give it jobs, hear its reports, end it.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { GeneratorMessage, LoadJob, LoadReport } from './job.ts';

export interface LoadGenerator extends AsyncDisposable {
  readonly pid: number;
  /** One job at a time. `onWarm` is called when the measured time starts. */
  run(job: LoadJob, onWarm?: () => void): Promise<LoadReport>;
}

export function startLoadGenerator(): LoadGenerator {
  // 'advanced' carries byte arrays as they are.
  const child = fork(join(import.meta.dirname, '..', 'load-generator.ts'), [], { serialization: 'advanced' });
  return {
    pid: child.pid ?? 0,
    run(job, onWarm) {
      return new Promise((resolve, reject) => {
        const onMessage = (message: GeneratorMessage): void => {
          if (message.kind === 'warm') {
            onWarm?.();
            return;
          }
          settle();
          if (message.kind === 'report') resolve(message.report);
          else reject(new Error(`load generator: ${message.message}`));
        };
        const onExit = (code: number | null): void => {
          settle();
          reject(new Error(`the load generator ended (${code ?? 'signal'})`));
        };
        const settle = (): void => {
          child.off('message', onMessage).off('exit', onExit);
        };
        child.on('message', onMessage).on('exit', onExit);
        child.send(job);
      });
    },
    [Symbol.asyncDispose]: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.disconnect();
  await gone;
}
