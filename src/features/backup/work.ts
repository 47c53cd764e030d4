// What each kind of job does, given the storage that its request opened. All checking comes before the one commit that
// changes something; until then a restore leaves no trace but its job.
import { ServiceError } from '../../http/service-error.ts';
import { feeding } from '../../store/sealed/follow-records.ts';
import type { RecordKind } from '../../store/sealed/record-kind.ts';
import { type Change, type Commit, commitPlanned } from '../../store/sealed/records.ts';
import type { KeyIndex } from '../keys/key-index.ts';
import { keyChange } from '../keys/key-version.ts';
import { checkRoom } from '../keys/limits.ts';
import type { Asker } from '../second-person.ts';
import { fullRestoreOf } from './approved-restore.ts';
import { BackupError } from './backup-error.ts';
import { type Contents, readContents, readKey } from './contents.ts';
import type { RunningJob, Success } from './jobs/run-job.ts';
import { clearLeftovers } from './leftovers.ts';
import { type Protection, planRestore } from './plan-restore.ts';
import { type OpenedBackup, openBackup } from './read-backup.ts';
import type { BackupService } from './service.ts';
import type { BackupStorage } from './storage/port.ts';
import { takeView } from './view.ts';
import { FolderTakenError, folderName, writeBackup } from './write-backup.ts';

const DAY = 86_400;

/** So many backups of HSMs of one name may begin within the same hundredth of a second. */
const FOLDERS_TRIED = 20;

export async function backUp(service: BackupService, storage: BackupStorage, job: RunningJob): Promise<Success> {
  const { instance, now, records } = service;
  await clearLeftovers(service, storage);
  await records.refresh();
  const view = takeView(service);
  const total = view.keys.length;
  // Of the system's time only the fraction of a second is taken.
  const begun = now() + (Date.now() % 1000) / 1000;
  for (let attempt = 0; ; attempt++) {
    const folder = folderName(instance.name, begun + attempt / 100);
    const progress = (done: number): void => job.progress(`${done} of ${total} keys are written`);
    await job.writes(`${storage.uri}/${folder}`);
    try {
      const { counts } = await writeBackup(service, { storage, folder, view, progress });
      const { keys, versions } = counts;
      const details = `${keys} keys with ${versions} versions and ${counts.records} other records are in the backup`;
      return { details, folderUri: `${storage.uri}/${folder}` };
    } catch (error) {
      // Another's folder is not to be taken away.
      if (error instanceof FolderTakenError) {
        if (attempt < FOLDERS_TRIED) continue;
        await job.writes(undefined);
        throw error.cause;
      }
      // What keeps it from being taken away is no news: why the backup failed is what the caller hears of, and the job
      // remembers what is left.
      await storage
        .abandon(folder)
        .then(() => job.writes(undefined))
        .catch(() => undefined);
      throw error;
    }
  }
}

export async function checkBackUp(storage: BackupStorage): Promise<Success> {
  await storage.checkWritable();
  return { details: 'A backup can be written there' };
}

/** Reads and verifies everything that a restore would. */
export async function checkRestore(
  service: BackupService,
  storage: BackupStorage,
  folder: string,
  job: RunningJob,
): Promise<Success> {
  const backup = await openBackup(storage, folder, service.crypto.hello.domainKey);
  const contents = await readAll(service, backup, job);
  return { details: `${contents.keys.size} keys and ${contents.texts.size} other records can be restored` };
}

export async function restore(
  service: BackupService,
  storage: BackupStorage,
  folder: string,
  job: RunningJob,
  { commit, ...asker }: Asker & { readonly commit: Commit },
): Promise<Success> {
  const { duties } = service;
  const backup = await openBackup(storage, folder, service.crypto.hello.domainKey);
  const contents = await readAll(service, backup, job);
  // Of what was read, not of what lay there when it was asked for.
  const wanted = fullRestoreOf(storage, folder, backup);
  job.progress('All of the backup is verified; it replaces what is there');
  return commitPlanned(commit, () => {
    const agreed = duties.judge(wanted, asker);
    if (agreed.state === 'asked') throw agreedToNoMore(agreed.refusal);
    const { keys, texts } = contents;
    const details = `${keys.size} keys and ${texts.size} other records were restored from ${folder}${agreed.note === '' ? '' : `. ${agreed.note}`}`;
    const changes = planRestore(takeView(service), contents, protectionOf(service), (name) => leftOf(name, service));
    const approvals = lastOfEach([...duties.ending(), ...agreed.changes]);
    return { details, changes: [...changes, ...approvals, job.succeeded(details)] };
  });
}

/** What other features keep of a key and no backup holds: of the key that comes it is not true. */
function leftOf(name: string, { relatedWrites, travels }: BackupService): readonly Change[] {
  return relatedWrites.purge(name).filter((change) => travels(change.name) === 'stays');
}

function agreedToNoMore(cause: ServiceError): ServiceError {
  return new ServiceError(
    'Forbidden',
    'Nobody has agreed to this restore any more: while it ran, the backup in its place was exchanged or the approval ended. ' +
      'Nothing was changed; start it again, and it is asked for anew',
    { cause, innerCode: 'ApprovalRequired' },
  );
}

function lastOfEach(changes: readonly Change[]): readonly Change[] {
  return [...new Map(changes.map((change) => [change.name, change])).values()];
}

/** A key that exists stays as it is, which is no failure: the end says how many versions came back. */
export async function restoreKey(
  service: BackupService,
  storage: BackupStorage,
  { name, folder }: { readonly name: string; readonly folder: string },
  job: RunningJob,
  commit: Commit,
): Promise<Success> {
  const { keys, limits } = service;
  const backup = await openBackup(storage, folder, service.crypto.hello.domainKey);
  const versions = await readKey({ ...service, backup }, name);
  return commitPlanned(commit, () => {
    rejectDeletedName(keys, name);
    const restored = keys.find(name) === undefined ? versions : [];
    if (restored.length > 0) checkRoom(keys, name, limits, restored.length);
    // In the service's words.
    const details = `Number of successful key versions restored: ${restored.length}, Number of key versions could not overwrite: ${versions.length - restored.length}`;
    return { details, changes: [...restored.map(keyChange), job.succeeded(details)] };
  });
}

async function readAll(service: BackupService, backup: OpenedBackup, job: RunningJob): Promise<Contents> {
  const total = backup.manifest.counts.keys;
  const progress = (done: number): void => job.progress(`${done} of ${total} keys are read and verified`);
  const contents = await readContents({ ...service, backup, progress });
  checkTexts(contents, service.kinds);
  return contents;
}

/** A record that does not read would stop the service after the commit, so it is found out before. */
function checkTexts({ texts }: Contents, kinds: readonly RecordKind[]): void {
  const check = feeding([], kinds);
  for (const [name, text] of texts) {
    try {
      check({ name, value: Buffer.from(text, 'utf8') });
    } catch (cause) {
      throw new BackupError(
        'UnknownFormat',
        `the record '${name}' does not read in this release: restore the backup with the release that made it`,
        { cause },
      );
    }
  }
}

function protectionOf({ retention, now }: BackupService): Protection | undefined {
  if (!retention.purgeProtection) return undefined;
  return { now: now(), retention: retention.recoverableDays * DAY };
}

/** @throws ServiceError Conflict naming the way out */
export function rejectDeletedName(keys: KeyIndex, name: string): void {
  if (keys.findDeleted(name) === undefined) return;
  throw new ServiceError(
    'Conflict',
    `Key ${name} is deleted, but not purged: purge it first (az keyvault key purge), or recover it instead`,
    { innerCode: 'ObjectIsDeletedButRecoverable' },
  );
}
