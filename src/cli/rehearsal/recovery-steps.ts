// What is asked of an instance that is being recovered, over its public API, step by step.
import { createHash, type X509Certificate } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { groupFingerprint } from '../../formats/domain-identity.ts';
import type { Samples } from '../../formats/rehearsal-samples.ts';
import { ownCommand, shellWord } from '../../wire/own-command.ts';
import type { Place } from '../commands/backup/place.ts';
import { AnswerError, type InstanceClient } from '../instance-client.ts';
import type { BackupAtHand } from './backup-at-hand.ts';
import type { Domain, GatheredShare } from './gather-shares.ts';
import { keyNames, useSample, VERSION } from './known-answers.ts';
import { fileFailed, StepFailed } from './steps.ts';

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

/** Which domain a file is of is known when it is open, and not before. @throws StepFailed naming the domain file */
export async function checkDomainOfBackup(
  client: InstanceClient,
  domain: Domain,
  { manifest, address }: BackupAtHand,
): Promise<void> {
  const { domainFingerprint: recovered } = (await client.ask('GET', `/securitydomain/custodians?${VERSION}`)) as {
    readonly domainFingerprint: string;
  };
  if (recovered === manifest.domain) return;
  throw fileFailed(
    domain.path,
    `it is of the security domain ${groupFingerprint(recovered)}, and ${address} is of ${groupFingerprint(manifest.domain)}`,
    `give the security-domain file of '${manifest.instance.name}', and keys of its custodians`,
  );
}

/** @throws StepFailed naming the backup */
export async function restoreBackup(client: InstanceClient, { place, name, address }: BackupAtHand): Promise<void> {
  const next = `restore another backup, and find out what happened to this one: ${ownCommand(`backup verify ${shellWord(address)}`)}`;
  const started = (await client.ask('PUT', `/restore?${VERSION}`, {
    folderToRestore: name,
    sasTokenParameters: storageOf(place),
  })) as { readonly jobId: string };
  for (;;) {
    const job = (await client.ask('GET', `/restore/${started.jobId}/pending?${VERSION}`)) as {
      readonly status: string;
      readonly error: { readonly message: string } | null;
    };
    if (job.status === 'Succeeded') return;
    if (job.status !== 'InProgress') throw fileFailed(address, job.error?.message ?? job.status, next);
    await delay(50);
  }
}

function storageOf({ target: { uri: storageResourceUri }, credential }: Place): object {
  switch (credential.kind) {
    case 'sas':
      return { storageResourceUri, token: credential.token };
    case 'managedIdentity':
      return { storageResourceUri, useManagedIdentity: true };
    case 'none':
      return { storageResourceUri };
  }
}

/** Counts what came back. @throws StepFailed */
export async function compareCounts(client: InstanceClient, backup: BackupAtHand): Promise<readonly string[]> {
  const names = await keyNames(client);
  const { keys } = backup.manifest.counts;
  if (names.length !== keys) {
    throw fileFailed(backup.address, `${names.length} keys came back, its manifest says ${keys}`, 'use another backup');
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
    const codes = ['RoleAssignmentExists', 'MatchingRoleAssignmentExists'];
    if (error instanceof AnswerError && codes.includes(error.code)) return; // it has the role by the backup, or by a try before
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
