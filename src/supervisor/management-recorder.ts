// The process that keeps the management plane's log. It starts the module that signs it and holds that module's pipe, so who sends
// entries, control and the supervisor, has no way to either.
import { join } from 'node:path';
import type { ManagementPaths } from '../deployment/data-layout.ts';
import { makePrivateFolder } from '../files/private-folder.ts';
import { newSocket, removeSockets } from './socket-folder.ts';
import { type ProcessOptions, SupervisedProcess } from './supervised-process.ts';

export interface ManagementRecorder extends AsyncDisposable {
  readonly process: SupervisedProcess;
  /** Where it takes entries. */
  readonly socketPath: string;
}

/** Not started yet. */
export async function managementRecorder(
  { root, audit, module, verifierKey }: ManagementPaths,
  entry: string,
  logs: string,
  told: Pick<ProcessOptions, 'report' | 'show' | 'ready' | 'down' | 'answersAgain'>,
): Promise<ManagementRecorder> {
  for (const folder of [root, audit, module]) makePrivateFolder(folder);
  const run = join(root, 'run');
  const socketPath = await newSocket(run);
  const process = new SupervisedProcess({
    ...told,
    label: 'management/recorder',
    log: join(logs, 'management-recorder.log'),
    program: () => ({
      entry,
      args: ['--folder', audit, '--socket', socketPath, '--module', module, '--verifier-key', verifierKey],
    }),
  });
  return {
    process,
    socketPath,
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]();
      removeSockets(run);
    },
  };
}
