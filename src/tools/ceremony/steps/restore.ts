// Step: the latest full backup is restored, if there is one to restore.

import { ownCommand } from '../../../formats/own-command.ts';
import { oneLine } from '../../../formats/printable.ts';
import { addressOf } from '../address.ts';
import { CeremonyError } from '../ceremony-error.ts';
import { nextCommand } from '../named-commands.ts';
import { type Step, VERSION } from '../step.ts';

export const restore: Step = {
  id: 'restore',
  title: 'Restore the latest backup',
  needs: 'files',
  optional: true,
  instruction: (ceremony) =>
    'A file with the request as the API takes it, {"sasTokenParameters": {"storageResourceUri": ...}, "folderToRestore": ' +
    `"..."}: give it with ${nextCommand(ceremony, '--file FILE')}. It may hold a token, so it is not kept. Without a backup, or ` +
    `when it is restored by '${ownCommand(`backup restore DIR --replace-everything${addressOf(ceremony)}`)}': ` +
    `${nextCommand(ceremony, '--skip "REASON"')}.`,
  async run(ceremony, { files: [given, spare], pause }, service) {
    let job = ceremony.fact('restore.job') || undefined;
    if (job === undefined) {
      if (given === undefined || spare !== undefined) throw new CeremonyError('give one file: the request to restore');
      const started = (await service.ask('PUT', `/restore?${VERSION}`, requestIn(given))) as {
        readonly jobId?: unknown;
      };
      if (typeof started.jobId !== 'string' || !/^[\w-]{1,64}$/.test(started.jobId)) {
        throw new CeremonyError('the HSM answered without a job');
      }
      job = started.jobId;
      ceremony.add({ step: 'restore', what: 'begun', text: `restore job ${job}`, facts: { 'restore.job': job } });
    }
    for (;;) {
      const state = (await service.ask('GET', `/restore/${job}/pending?${VERSION}`)) as Readonly<
        Record<string, unknown>
      >;
      if (state['status'] === 'Succeeded') break;
      if (state['status'] !== 'InProgress') {
        const { message } = (state['error'] ?? {}) as { readonly message?: unknown };
        // The next call begins another job.
        ceremony.add({ step: 'restore', what: 'answer', text: `job ${job} failed`, facts: { 'restore.job': '' } });
        throw new CeremonyError(`the restore failed: ${oneLine(String(message ?? state['statusDetails'] ?? ''))}`);
      }
      await pause();
    }
    ceremony.add({ step: 'restore', what: 'done', text: `restore job ${job} succeeded` });
    return 'the backup is restored';
  },
};

function requestIn({ name, content }: { readonly name: string; readonly content: Buffer }): object {
  try {
    const value: unknown = JSON.parse(content.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Said below.
  }
  throw new CeremonyError(`${name} is not a JSON object`);
}
