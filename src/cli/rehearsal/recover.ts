// A recovery as it would be done for real, in an instance that is thrown away: domain, backup, keys. Both the full rehearsal
// and the trial of a backup are this.
import { createHash, type X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { BackupError } from '../../features/backup/backup-error.ts';
import { decodeManifest, MANIFEST, type Manifest, STATEMENT } from '../../features/backup/manifest.ts';
import { readSent } from '../../features/security-domain/custodian/inputs.ts';
import { domainFingerprint } from '../../formats/domain-identity.ts';
import type { RehearsalBackup } from '../../formats/rehearsal-record.ts';
import { type Samples } from '../../formats/rehearsal-samples.ts';
import { parseSecurityDomain, SecurityDomainError } from '../../formats/security-domain.ts';
import { NoteError } from '../../formats/signed-note.ts';
import { StatementError, verifyStatement } from '../../formats/statement.ts';
import { AnswerError, type InstanceClient } from '../instance-client.ts';
import { openThrowAway, type ThrowAway } from '../throw-away.ts';
import type { Domain, GatheredShare } from './gather-shares.ts';
import { keyNames, useSample, VERSION } from './known-answers.ts';
import { StepFailed, type Steps, WAITING } from './steps.ts';

export interface BackupAtHand {
  readonly folder: string;
  readonly name: string;
  readonly bytes: number;
  readonly manifest: Manifest;
  /** SHA-256 of the manifest, base64url. */
  readonly hash: string;
}

/** @throws StepFailed naming the file */
export async function readDomain(path: string): Promise<Domain> {
  try {
    const document = (await readSent(path)).toString('utf8');
    const hash = createHash('sha256').update(document, 'utf8').digest('base64url');
    return { path, document, hash, file: parseSecurityDomain(document) };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const hint = error instanceof SecurityDomainError ? `${problem}: it was damaged, or is another file` : problem;
    throw fileFailed(path, hint, 'get the security-domain file again from where it is kept', error);
  }
}

/** Signed by the domain whose key it names; parts are checked when they are restored. @throws StepFailed naming the file */
export function readBackupAtHand(folder: string): BackupAtHand {
  const path = join(folder, MANIFEST);
  try {
    if (!existsSync(path))
      throw new Error('there is no manifest: it is not the folder of a full backup, or not all of it');
    const body = readFileSync(path);
    const manifest = decodeManifest(body);
    const key = Buffer.from(manifest.domainKey, 'base64url');
    verifyStatement(readFileSync(join(folder, STATEMENT), 'utf8'), 'backup-manifest', body, key);
    if (domainFingerprint(key) !== manifest.domain)
      throw new StatementError('the manifest names another domain than its key');
    const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    const hash = createHash('sha256').update(body).digest('base64url');
    return { folder: resolve(folder), name: basename(resolve(folder)), bytes, manifest, hash };
  } catch (error) {
    const isKnown = [BackupError, StatementError, NoteError].some((kind) => error instanceof kind);
    const problem = error instanceof Error ? error.message : String(error);
    throw fileFailed(isKnown ? path : folder, problem, 'use another backup', error);
  }
}

/** An instance that can read this backup's folder and nothing else. @param administrator object id */
export function openRecoveryInstance(backup: BackupAtHand, administrator: string): Promise<ThrowAway> {
  const name = `rehearsal-${createHash('sha256').update(`${process.pid} ${Date.now()}`).digest('hex').slice(0, 12)}`;
  return openThrowAway({
    name,
    administrator,
    // Records are sealed one by one, and the log grows beside them.
    needs: backup.bytes * 8 + 256 * 1024 * 1024,
    backupPlace: pathToFileURL(dirname(backup.folder)).href,
  });
}

export interface Recipient {
  readonly content: Buffer;
  /** x5t#S256. */
  readonly thumbprint: string;
  readonly certificate: X509Certificate;
}

/** The certificate that shares are to be encrypted to. */
export async function fetchRecipient(client: InstanceClient): Promise<Recipient> {
  const answer = (await client.ask('GET', `/securitydomain/upload?${VERSION}`)) as { readonly transfer_key?: unknown };
  const content = Buffer.from(JSON.stringify(answer), 'utf8');
  const { readRecipient } = await import('../../features/security-domain/custodian/recipient.ts');
  const { certificate, thumbprint } = readRecipient('the exchange key', content);
  return { content, certificate, thumbprint };
}

/** @throws StepFailed naming the share or file at fault */
export async function recoverDomain(
  client: InstanceClient,
  domain: Domain,
  shares: readonly GatheredShare[],
): Promise<void> {
  const value = JSON.stringify({ domain: domain.document, packets: shares.map(({ packet }) => packet) });
  try {
    await client.ask('POST', `/securitydomain/upload?${VERSION}`, { value });
  } catch (error) {
    if (!(error instanceof AnswerError)) throw error;
    const at = shares.find(({ custodian }) => error.message.includes(custodian));
    throw at === undefined
      ? fileFailed(domain.path, error.message, 'gather the packets anew for this domain file', error)
      : new StepFailed(
          { kind: 'share', name: at.file, problem: error.message, next: 'use another custodian of the quorum' },
          { cause: error },
        );
  }
  for (;;) {
    const { status, status_details: details } = (await client.ask('GET', '/securitydomain/upload/pending')) as {
      readonly status?: string;
      readonly status_details?: string;
    };
    if (status === 'Success') return;
    if (status === 'Failed') throw fileFailed(domain.path, details ?? 'was refused', 'gather the packets anew');
    await delay(50);
  }
}

/** @throws StepFailed naming the backup */
export async function restoreBackup(client: InstanceClient, { folder, name }: BackupAtHand): Promise<void> {
  const next = 'restore another backup, and find out what happened to this one: ./strongroom backup verify';
  const started = (await client.ask('PUT', `/restore?${VERSION}`, {
    folderToRestore: name,
    sasTokenParameters: { storageResourceUri: pathToFileURL(dirname(folder)).href },
  })) as { readonly jobId: string };
  for (;;) {
    const job = (await client.ask('GET', `/restore/${started.jobId}/pending?${VERSION}`)) as {
      readonly status: string;
      readonly error: { readonly message: string } | null;
    };
    if (job.status === 'Succeeded') return;
    if (job.status !== 'InProgress') throw fileFailed(folder, job.error?.message ?? job.status, next);
    await delay(50);
  }
}

/** Counts what came back. @throws StepFailed */
export async function compareCounts(client: InstanceClient, backup: BackupAtHand): Promise<readonly string[]> {
  const names = await keyNames(client);
  const { keys } = backup.manifest.counts;
  if (names.length !== keys) {
    throw fileFailed(backup.folder, `${names.length} keys came back, its manifest says ${keys}`, 'use another backup');
  }
  return names;
}

/** Roles are those of the backup now: its administrator gives itself the right to use keys, in this instance alone. */
export async function allowUse(client: InstanceClient, administrator: string): Promise<void> {
  const id = createHash('sha256').update(`${client.who} ${administrator}`).digest('hex');
  const name = [id.slice(0, 8), id.slice(8, 12), `4${id.slice(13, 16)}`, `8${id.slice(17, 20)}`, id.slice(20, 32)].join(
    '-',
  );
  try {
    await client.ask('PUT', `/keys/providers/Microsoft.Authorization/roleAssignments/${name}?${VERSION}`, {
      properties: {
        roleDefinitionId: `Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/${CRYPTO_USER}`,
        principalId: administrator,
      },
    });
  } catch (error) {
    if (error instanceof AnswerError && error.status === 409) return; // it has the role by the backup
    throw error;
  }
}

const CRYPTO_USER = '21dbd100-6940-42c2-9190-5d6cb909625b';

/** @throws StepFailed naming the first key that does not answer as it is known to */
export async function useSamples(client: InstanceClient, { samples }: Samples, file: string): Promise<number> {
  for (const sample of samples) {
    const problem = await useSample(client, sample).catch((error: unknown) => {
      if (!(error instanceof AnswerError)) throw error;
      return error.message;
    });
    if (problem !== undefined) {
      throw fileFailed(
        `${sample.name}/${sample.version}`,
        problem,
        `if the key was made after the backup, or disabled or deleted before it, make new samples (${file}); else use another backup`,
      );
    }
  }
  return samples.length;
}

export function describeBackup({ name, hash, manifest }: BackupAtHand): RehearsalBackup {
  const { keys, versions } = manifest.counts;
  return { folder: name, manifest: hash, keys, versions };
}

export interface Recovery {
  readonly instance: ThrowAway;
  readonly steps: Steps;
  readonly domain: Domain;
  readonly backup: BackupAtHand;
  readonly administrator: string;
  readonly samples: { readonly file: string; readonly content: Samples } | undefined;
  /** Gives the packets of a quorum for this recipient. */
  gather(recipient: Recipient): Promise<readonly GatheredShare[]>;
}

export interface Recovered {
  readonly shares: readonly GatheredShare[];
  readonly names: readonly string[];
  readonly used: number;
}

/** All steps but the making of the instance. @throws StepFailed */
export async function recover(recovery: Recovery): Promise<Recovered> {
  const { instance, steps, domain, backup, administrator, samples } = recovery;
  const again = 'run the rehearsal again; if it fails again, this is a defect: report it with this message';
  const recipient = await steps.run('fetch the exchange key', again, () => fetchRecipient(instance));
  const shares = await steps.run(
    WAITING,
    'gather the shares of a quorum',
    () => recovery.gather(recipient),
    ({ length }) => `${length} custodians`,
  );
  await steps.run('recover the security domain', again, () => recoverDomain(instance, domain, shares));
  await steps.run('restore the backup', again, () => restoreBackup(instance, backup));
  const names = await steps.run(
    'compare the keys with the manifest',
    'name an administrator of the backed-up instance with --administrator',
    () => compareCounts(instance, backup),
    (all) => `${all.length} keys, names ${namesHash(all)}`,
  );
  if (samples === undefined) return { shares, names, used: 0 };
  await steps.run(
    'give the rehearsal the right to use keys',
    'name an administrator of the backed-up instance with --administrator',
    () => allowUse(instance, administrator),
  );
  const used = await steps.run(
    'use keys on known ciphertexts',
    again,
    () => useSamples(instance, samples.content, samples.file),
    (count) => `${count} keys`,
  );
  return { shares, names, used };
}

/** SHA-256 over all names, sorted: two restores of one backup have the same. */
function namesHash(names: readonly string[]): string {
  return createHash('sha256')
    .update(
      [...names]
        .map((each) => each.toLowerCase())
        .sort()
        .join('\n'),
    )
    .digest('hex')
    .slice(0, 16);
}

function fileFailed(name: string, problem: string, next: string, cause?: unknown): StepFailed {
  return new StepFailed({ kind: 'file', name, problem, next }, { cause });
}
