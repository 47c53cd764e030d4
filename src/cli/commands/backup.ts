// `strongroom backup …`: full backups of an HSM. `start`, `status` and `restore` ask an instance; the others read a place themselves.

import { ownCommand, shellWord } from '../../formats/own-command.ts';
import { printableLine } from '../../formats/printable.ts';
import { type Answer, type Command, CommandError, command, dataOption, jsonOption, UsageError } from '../command.ts';
import { instanceAnswerOptions, openInstanceClient } from '../instance-client.ts';
import { chooseBackup } from './backup/choose-backup.ts';
import { credentialOptions, placeOptions, storageMembers } from './backup/credentials.ts';
import { isFolderOfBackup, REFUSALS, splitFolder, uriOf } from './backup/folders.ts';
import { describeJob, failureOf, findJob, follow, type Job, startJob } from './backup/job.ts';
import { namedUri, openBackupTarget, ownTarget, readBackupTarget } from './backup/place.ts';
import { placeCommands } from './backup/place-commands.ts';
import { readSigner } from './backup/read-signer.ts';
import { describeBackup, lineOf, trialText } from './backup/texts.ts';
import { checkCall, trialOf, trialOptions, tryBackup } from './backup/trial.ts';
import { verifiedFolder } from './backup/verified.ts';

export const commands: readonly Command[] = [
  command({
    name: 'backup start',
    summary: 'have an instance write a full backup',
    operands: '[DIR|URI]',
    wants: 'name one place',
    details: `
The place must be one that the instance may use ('backup place list'). Without an operand: the folder 'backups' of the
data directory. Waits for the end and prints where the backup is; --no-wait returns with the job's id, for 'backup
status'.`,
    options: {
      ...credentialOptions,
      check: 'only prove that a backup could be written there',
      'no-wait': 'do not wait for the end',
      ...instanceAnswerOptions,
    },
    examples: [
      'strongroom backup start',
      'strongroom backup start /srv/backups --check',
      'strongroom backup start https://acme.blob.core.windows.net/hsm --managed-identity --no-wait',
    ],
    async run(values, [target], terminal) {
      if (target === undefined && values.url !== undefined) throw new UsageError('with --url, name the place');
      const uri = target === undefined ? ownTarget(values.data) : uriOf(target);
      const client = openInstanceClient(values);
      const path = values.check ? '/prebackup' : '/backup';
      const request = ['POST', path, storageMembers(uri, values)] as const;
      return shown(await startJob(client, 'backup', request, !values['no-wait'], terminal));
    },
  }),
  command({
    name: 'backup status',
    summary: 'show how a backup or restore stands',
    operands: 'JOB',
    wants: 'name one job',
    details: 'An instance remembers its last twenty jobs. The exit code is 0 unless the job has failed.',
    options: { wait: 'wait for the end, showing progress', ...instanceAnswerOptions },
    examples: ['strongroom backup status 0123456789abcdef0123456789abcdef --wait'],
    async run(values, [id], terminal) {
      if (!/^[0-9a-f]{32}$/.test(id)) throw new UsageError('the id of a job has 32 hex digits');
      const client = openInstanceClient(values);
      const { direction, job: found } = await findJob(client, id);
      const job = values.wait ? await follow(client, direction, found, terminal) : found;
      const failed = job.status !== 'InProgress' && job.status !== 'Succeeded';
      return { ...shown(job), failure: failed ? failureOf(direction, job) : undefined };
    },
  }),
  command({
    name: 'backup restore',
    summary: 'have an instance take back a full backup, or one key of it',
    operands: 'DIR|URI',
    wants: 'name the folder of one backup',
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
      ...instanceAnswerOptions,
    },
    examples: [
      'strongroom backup restore data/backups/mhsm-dev-2026080910111200 --check',
      'strongroom backup restore data/backups/mhsm-dev-2026080910111200 --replace-everything',
      'strongroom backup restore https://acme.blob.core.windows.net/hsm/mhsm-dev-2026080910111200 --sas-file sas --key-name tls',
    ],
    async run(values, [target], terminal) {
      const key = values['key-name'];
      if ([key !== undefined, values.check, values['replace-everything']].filter(Boolean).length !== 1) {
        throw new UsageError('say which: --check, --key-name NAME, or --replace-everything');
      }
      const uri = uriOf(target);
      if (!isFolderOfBackup(uri)) {
        const [named = ''] = target.split('?', 1);
        throw new UsageError(
          `'${named}' is not the folder of a backup, mhsm-…: name one of its folders ('${ownCommand(`backup list ${shellWord(named)}`)}' shows those of a place)`,
        );
      }
      const { place, folder } = splitFolder(uri);
      const sasTokenParameters = storageMembers(place, values);
      const client = openInstanceClient(values);
      const whole = values.check ? '/prerestore' : '/restore';
      const request =
        key === undefined
          ? (['PUT', whole, { sasTokenParameters, folderToRestore: folder }] as const)
          : (['PUT', `/keys/${encodeURIComponent(key)}/restore`, { sasTokenParameters, folder }] as const);
      const job = await startJob(client, 'restore', request, !values['no-wait'], terminal);
      if (key !== undefined && /versions restored: 0,/.test(job.statusDetails ?? '')) {
        throw new CommandError(
          `nothing was restored: there is a key '${printableLine(key)}', and it stays as it is. Delete and purge it first ` +
            '(az keyvault key delete, az keyvault key purge)',
        );
      }
      return shown(job);
    },
  }),
  command({
    name: 'backup list',
    summary: 'list the full backups of a place',
    operands: '[DIR|URI]',
    wants: 'name one place',
    details: `
Shows what the backups say of themselves; nothing is verified ('backup verify' does that). Without an operand: the folder
'backups' of the data directory.`,
    options: { ...placeOptions, ...dataOption, ...jsonOption },
    examples: [
      'strongroom backup list',
      'strongroom backup list https://acme.blob.core.windows.net/hsm --sas-file sas --json',
    ],
    explains: REFUSALS,
    async run(values, [target]) {
      const uri = target === undefined ? ownTarget(values.data) : uriOf(target);
      await using shelf = await openBackupTarget(await readBackupTarget(uri, values));
      const rows = await Array.fromAsync(shelf.folders(), (each) => describeBackup(shelf, each));
      rows.sort((a, b) => (a.folder < b.folder ? -1 : 1));
      const hint = rows.length === 0 ? `there are no backups in ${uri}\n` : '';
      return { json: rows, text: rows.map(lineOf).join(''), hint };
    },
  }),
  command({
    name: 'backup verify',
    summary: 'prove that a full backup is whole, without any service',
    operands: '[DIR|URI]',
    wants: 'name one backup, or one place',
    details: `
DIR or URI is the folder of one backup, as 'backup start' printed it, or a place: then the latest finished backup there, by the
time in its name. Without an operand: the latest in the folder 'backups' of the data directory, where the name of a backup
alone is looked for, too. Checks the domain's signature
on the manifest, then size and hash of every part, that none is missing and none too many; every fault is named. It opens
nothing: what is in the parts stays sealed. Without --key it cannot know whose backup it is: compare the fingerprint that it
prints with the one that you know. --trial goes further: it recovers a throw-away instance with a quorum and restores the
backup there.
The exit code is 0 when everything holds.`,
    options: {
      'key KEY': 'fingerprint or key of the security domain that must have signed it',
      ...placeOptions,
      ...trialOptions,
      ...jsonOption,
    },
    examples: [
      'strongroom backup verify',
      'strongroom backup verify data/backups/mhsm-dev-2026080910111200',
      "strongroom backup verify https://acme.blob.core.windows.net/hsm/mhsm-dev-2026080910111200 --sas-file sas --key '1a2b …'",
      'strongroom backup verify data/backups/mhsm-dev-2026080910111200 --trial --domain sd.json \\\n' +
        '    --custodian anna.pem --custodian boris.pem --samples samples.json',
    ],
    explains: REFUSALS,
    async run(values, [target], terminal) {
      const signer = values.key === undefined ? undefined : readSigner(values.key);
      const trial = await trialOf(values);
      if (trial !== undefined) await checkCall(trial);
      const uri = target === undefined ? ownTarget(values.data) : namedUri(target, values.data);
      const backup = await chooseBackup(uri, values, terminal);
      await using shelf = await openBackupTarget(backup.place);
      const { answer, whole } = await verifiedFolder(shelf, backup.folder, signer, terminal);
      const tried = trial === undefined || !whole ? undefined : await tryBackup(backup, trial, terminal);
      if (tried === undefined) return answer;
      return {
        json: { ...answer.json, trial: tried },
        text: answer.text + trialText(tried),
        exit: tried.passed === true ? 0 : 1,
      };
    },
  }),
  ...placeCommands,
];

function shown(job: Job): Answer {
  return { json: job, text: describeJob(job) };
}
