// The benchmark's end of a crowd process.
import { fork } from 'node:child_process';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import type { CrowdJob, CrowdMessage, CrowdReport } from './job.ts';

/** @param onWarm called when the measured time begins */
export function runCrowd(job: CrowdJob, onWarm: () => void = () => undefined): Promise<CrowdReport> {
  const child = fork(join(import.meta.dirname, 'clients.ts'), [], { serialization: 'advanced' });
  if (job.isElsewhere === true) preferred(child.pid);
  return new Promise<CrowdReport>((resolve, reject) => {
    child.on('message', (message: CrowdMessage) => {
      if (message.kind === 'warm') onWarm();
      else if (message.kind === 'report') resolve(message.report);
      else reject(new Error(`crowd: ${message.message}`));
    });
    child.on('exit', (code) => reject(new Error(`the crowd ended (${code ?? 'signal'})`)));
    child.send(job);
  }).finally(() => child.disconnect());
}

/** What a client waits for a processor of this machine is nothing that the product could do about. Root alone may say so. */
function preferred(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, -10);
  } catch (error) {
    if ((error as { readonly info?: { readonly code?: string } }).info?.code !== 'EACCES') throw error;
  }
}
