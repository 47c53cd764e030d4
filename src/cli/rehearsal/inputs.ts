// What a rehearsed recovery begins with, read and judged before anything is made: the security-domain file, a backup, wherever it
// lies, known answers, whose rights it has, and the time that its record goes by.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { readDevClients } from '../../deployment/dev-clients.ts';
import { BackupError } from '../../features/backup/backup-error.ts';
import { openBackup } from '../../features/backup/read-backup.ts';
import { StorageError } from '../../features/backup/storage/port.ts';
import { domainFingerprint } from '../../formats/domain-identity.ts';
import { isGuid } from '../../formats/guid.ts';
import { ownCommand } from '../../formats/own-command.ts';
import { orThrow } from '../../formats/refusal.ts';
import { readSamples } from '../../formats/rehearsal-samples.ts';
import { parseSecurityDomain } from '../../formats/security-domain.ts';
import { ShapeError } from '../../formats/shape.ts';
import { readManifest } from '../../tools/backup/read-manifest.ts';
import { readSent } from '../../tools/custodian/files.ts';
import { domainHash } from '../../tools/custodian/own-share.ts';
import { CommandError, UsageError } from '../command.ts';
import { openBackupTarget, type Place } from '../commands/backup/place.ts';
import { orRefuse } from '../commands/custodian/refusals.ts';
import { AnswerError, type AskingClient, type InstanceClient } from '../instance-client.ts';
import { readInput } from '../read-input.ts';
import { dataRootOf } from '../running.ts';
import { fileFailed, messageOf, NotRehearsed } from './steps.ts';

/** @param names of options, of which none may be given @throws UsageError */
export function rejectOptions(values: Readonly<Record<string, unknown>>, names: readonly string[], why: string): void {
  const given = names.find((name) => {
    const value = values[name];
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
  });
  if (given !== undefined) throw new UsageError(`--${given} ${why}`);
}

export type Domain = Awaited<ReturnType<typeof readDomain>>;

/** To the byte. @throws StepFailed naming the file that is damaged; CommandError for one that cannot be read */
export async function readDomain(path: string) {
  const document = (await orRefuse(() => readSent(path))).toString('utf8');
  const file = orThrow(
    () => parseSecurityDomain(document),
    (error) => {
      const problem = `${error.message}: it was damaged, or is another file`;
      return fileFailed(path, problem, 'get the security-domain file again from where it is kept', error);
    },
    ShapeError,
  );
  return { path, document, hash: domainHash(document), file };
}

export type BackupAtHand = Awaited<ReturnType<typeof readBackupAtHand>>;

/**
 * Signed by the domain whose key it names; parts are checked when they are restored.
 * @param name of its folder
 * @returns with the path or URI of its folder, for messages, and the hash of its manifest
 * @throws StepFailed naming the backup that is damaged; NotRehearsed for a place that cannot be read
 */
export async function readBackupAtHand(place: Place, name: string) {
  const { uri } = place.target;
  const address = uri.startsWith('file:') ? join(fileURLToPath(uri), name) : `${uri}/${name}`;
  try {
    await using shelf = await openBackupTarget(place);
    const { body, manifest } = await readManifest(shelf, name);
    const key = Buffer.from(manifest.domainKey, 'base64url');
    const opened = await openBackup(shelf, name, key);
    if (!isDeepStrictEqual(opened.manifest, manifest))
      throw new BackupError('Damaged', 'the manifest was exchanged while it was read');
    if (domainFingerprint(key) !== manifest.domain)
      throw new BackupError('Damaged', 'the manifest names another domain than its key');
    let bytes = 0;
    for await (const file of shelf.list(name)) bytes += file.bytes;
    return { place, name, address, bytes, manifest, hash: hashOf(body) };
  } catch (error) {
    if (isOfTheBackup(error)) throw fileFailed(address, error.message, 'use another backup', error);
    throw new NotRehearsed(`${address}: ${messageOf(error)}`, 'see that it can be read from here', { cause: error });
  }
}

/** A place that does not answer, or does not let one in, says nothing of what lies there. */
function isOfTheBackup(error: unknown): error is Error {
  const isStored = error instanceof StorageError && (error.code === 'Damaged' || error.code === 'Incomplete');
  return isStored || error instanceof BackupError;
}

export type SamplesAtHand = ReturnType<typeof samplesIn>;

/** @param place of the instance that it would be of, as options, where that is known @throws CommandError */
export function samplesIn(file: string, place = '') {
  const written = readInput(file);
  return orThrow(
    () => {
      const content = readSamples(written.toString('utf8'));
      if (content.samples.length === 0) throw new ShapeError('there are none in it');
      return { file, hash: hashOf(written), content };
    },
    (cause) => {
      const prepare = ownCommand(`rehearse prepare --out FILE${place}`);
      const message = `${file} is not a file of samples: ${cause.message}; make one with '${prepare}'`;
      return new CommandError(message, { cause });
    },
    ShapeError,
  );
}

/** SHA-256, base64url. */
function hashOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('base64url');
}

/**
 * Whose rights the rehearsal has once the roles of the backup are back: object id; by default of whoever asks, who administers the
 * instance: only they are let file a rehearsal. Where nobody is asked, the dev administrator of the data directory.
 * @throws UsageError, CommandError when it cannot be known
 */
export async function administratorOf(
  { administrator, data }: { readonly administrator: string | undefined; readonly data: string | undefined },
  client?: AskingClient,
): Promise<string> {
  if (administrator !== undefined) {
    if (!isGuid(administrator)) throw new UsageError('--administrator must be an object id (a GUID)');
    return administrator.toLowerCase();
  }
  const wanted = 'name an administrator of the backed-up instance with --administrator';
  if (client !== undefined) {
    return client.asker().catch((cause: unknown) => {
      throw new CommandError(`${messageOf(cause)}; ${wanted}`, { cause });
    });
  }
  try {
    return readDevClients(dataRootOf(data)).applications.admin.oid;
  } catch {
    throw new UsageError(wanted);
  }
}

/**
 * The time that the records of a rehearsal go by: that of the instance which keeps them, and counts from them when the next one is
 * due. In development it can be ahead: only an instance of the dev profile has a clock that it shows.
 * @param client absent: nothing is filed, and real time is as good as any
 */
export async function timeOf(client: InstanceClient | undefined): Promise<() => Date> {
  const answer = await client?.ask('GET', '/strongroom/clock').catch((error: unknown) => {
    if (!(error instanceof AnswerError)) throw error;
  });
  const { offsetSeconds } = (answer ?? {}) as { readonly offsetSeconds?: unknown };
  const ahead = typeof offsetSeconds === 'number' ? offsetSeconds * 1000 : 0;
  return () => new Date(Date.now() + ahead);
}
