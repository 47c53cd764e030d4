// `strongroom backup restore`: has an instance take back a full backup, or one key of it, and waits for it.

import { ownCommand, shellWord } from '../../../formats/own-command.ts';
import { printableJson, printableLine } from '../../../formats/printable.ts';
import { CommandError, command, jsonOption, UsageError } from '../../command.ts';
import { instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { credentialOptions, storageMembers } from './credential.ts';
import { describeJob, startJob } from './job.ts';
import { isFolderOfBackup, splitFolder, uriOf } from './place.ts';

export const restore = command({
  name: 'backup restore',
  summary: 'have an instance take back a full backup, or one key of it',
  operands: 'DIR|URI',
  details: `
DIR or URI is the folder of one backup: what 'backup start' printed. A full restore replaces all keys, roles, policies and
settings of the instance, and needs --replace-everything; while it runs the instance answers nothing else. With
--key-name one key comes back with its versions; a key that exists is left as it is, which is an error here. Until the end nothing is
changed: a restore that fails leaves the old state. Where duties are separated a person does it (--as), and a full one
needs an approval.`,
  options: {
    'key-name NAME': 'only this key',
    'replace-everything': 'yes, what the instance holds now is to be replaced',
    check: 'only prove that the backup could be restored',
    ...credentialOptions,
    'no-wait': 'do not wait for the end',
    ...instanceOptions,
    ...jsonOption,
  },
  examples: [
    'strongroom backup restore data/backups/mhsm-dev-2026080910111200 --check',
    'strongroom backup restore data/backups/mhsm-dev-2026080910111200 --replace-everything',
    'strongroom backup restore https://acme.blob.core.windows.net/hsm/mhsm-dev-2026080910111200 --sas-file sas --key-name tls',
  ],
  async run(values, [target, spare], terminal) {
    if (target === undefined || spare !== undefined) throw new UsageError('name the folder of one backup');
    const key = values['key-name'];
    if ([key !== undefined, values.check, values['replace-everything']].filter(Boolean).length !== 1) {
      throw new UsageError('say which: --check, --key-name NAME, or --replace-everything');
    }
    const uri = uriOf(target);
    if (!isFolderOfBackup(uri)) {
      throw new UsageError(
        `'${target.split('?', 1)[0]}' is not the folder of a backup, mhsm-…: name one of its folders ('${ownCommand(`backup list ${shellWord(target.split('?', 1)[0] ?? '')}`)}' shows those of a place)`,
      );
    }
    const { place, folder } = splitFolder(uri);
    const sasTokenParameters = storageMembers(place, values);
    const client = openInstanceClient(values);
    const request =
      key === undefined
        ? { path: values.check ? '/prerestore' : '/restore', body: { sasTokenParameters, folderToRestore: folder } }
        : { path: `/keys/${encodeURIComponent(key)}/restore`, body: { sasTokenParameters, folder } };
    const job = await startJob(
      client,
      { method: 'PUT', ...request, direction: 'restore', wait: !values['no-wait'] },
      terminal,
    );
    if (key !== undefined && /versions restored: 0,/.test(job.statusDetails ?? '')) {
      throw new CommandError(
        `nothing was restored: there is a key '${printableLine(key)}', and it stays as it is. Delete and purge it first ` +
          '(az keyvault key delete, az keyvault key purge)',
      );
    }
    terminal.out(values.json ? printableJson(job) : describeJob(job));
    return 0;
  },
});
