// `strongroom backup start`: has an instance write a full backup, and waits for it.
import { printableJson } from '../../../formats/printable.ts';
import { command, jsonOption, UsageError } from '../../command.ts';
import { instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { credentialOptions, storageMembers } from './credential.ts';
import { describeJob, startJob } from './job.ts';
import { ownPlace, uriOf } from './place.ts';

export const start = command({
  name: 'backup start',
  summary: 'have an instance write a full backup',
  operands: '[DIR|URI]',
  details: `
The place must be one that the instance may use ('backup place list'). Without an operand: the folder 'backups' of the
data directory. Waits for the end and prints where the backup is; --no-wait returns with the job's id, for 'backup
status'.`,
  options: {
    ...credentialOptions,
    check: 'only prove that a backup could be written there',
    'no-wait': 'do not wait for the end',
    ...instanceOptions,
    ...jsonOption,
  },
  examples: [
    'strongroom backup start',
    'strongroom backup start /srv/backups --check',
    'strongroom backup start https://acme.blob.core.windows.net/hsm --managed-identity --no-wait',
  ],
  async run(values, [target, spare], terminal) {
    if (spare !== undefined) throw new UsageError('name one place');
    if (target === undefined && values.url !== undefined) throw new UsageError('with --url, name the place');
    const uri = target === undefined ? ownPlace(values.data) : uriOf(target);
    const client = openInstanceClient(values);
    const job = await startJob(
      client,
      {
        method: 'POST',
        path: values.check ? '/prebackup' : '/backup',
        body: storageMembers(uri, values),
        direction: 'backup',
        wait: !values['no-wait'],
      },
      terminal,
    );
    terminal.out(values.json ? printableJson(job) : describeJob(job));
    return 0;
  },
});
