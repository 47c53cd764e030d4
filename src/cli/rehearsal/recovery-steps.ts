// What is asked of an instance that is being recovered, over its public API, step by step.
import { setTimeout as delay } from 'node:timers/promises';
import { groupFingerprint } from '../../formats/fingerprint.ts';
import { ownCommand, shellWord } from '../../formats/own-command.ts';
import type { Samples } from '../../formats/rehearsal-samples.ts';
import {
  assignRole,
  CRYPTO_AUDITOR,
  CRYPTO_USER,
  followRestore,
  readRegister,
  startRestore,
  uploadDomain,
} from '../../tools/ceremony/hsm.ts';
import { countedKeys } from '../counted.ts';
import { AnswerError, type InstanceClient } from '../instance-client.ts';
import type { BackupAtHand, Domain } from './inputs.ts';
import { keyNames, useSample } from './known-answers.ts';
import type { GatheredShare } from './shares-from-folder.ts';
import { fileFailed, NotRehearsed, StepFailed } from './steps.ts';

const pause = (): Promise<void> => delay(50);

/** @throws StepFailed naming the share or file at fault */
export async function recoverDomain(
  client: InstanceClient,
  domain: Domain,
  shares: readonly GatheredShare[],
): Promise<void> {
  let problem: string | undefined;
  try {
    const packets = shares.map(({ packet }) => packet);
    problem = await uploadDomain(client, domain.document, packets, pause);
  } catch (error) {
    // Other refusals are of this machine, or of this instance.
    if (!(error instanceof AnswerError && error.innerCode === 'DomainRefused')) throw error;
    const at = shares.find(({ custodian }) => error.message.includes(custodian));
    throw at === undefined
      ? fileFailed(domain.path, error.message, 'gather the packets anew for this domain file', error)
      : new StepFailed(
          { kind: 'share', name: at.file, problem: error.message, next: 'use another custodian of the quorum' },
          { cause: error },
        );
  }
  if (problem !== undefined) throw fileFailed(domain.path, problem, 'gather the packets anew');
}

/** Which domain a file is of is known when it is open, and not before. @throws NotRehearsed naming the domain file */
export async function checkDomainOfBackup(
  client: InstanceClient,
  domain: Domain,
  { manifest, address }: BackupAtHand,
): Promise<void> {
  const { domainFingerprint: recovered } = await readRegister(client);
  if (recovered === manifest.domain) return;
  throw new NotRehearsed(
    `${domain.path} is of the security domain ${groupFingerprint(recovered)}, and ${address} is of ${groupFingerprint(manifest.domain)}`,
    `give the security-domain file of '${manifest.instance.name}', and keys of its custodians`,
  );
}

/** Of the job, what is wrong with the backup itself; a place that does not answer or does not let one in is none of them. */
const OF_THE_BACKUP: ReadonlySet<string> = new Set([
  'BackupDamaged',
  'BackupIncomplete',
  'BackupFormatUnknown',
  'OtherSecurityDomain',
  'StorageNotFound',
]);

/** @throws StepFailed naming the backup when it is at fault */
export async function restoreBackup(client: InstanceClient, { place, name, address }: BackupAtHand): Promise<void> {
  const next = `restore another backup, and find out what happened to this one: ${ownCommand(`backup verify ${shellWord(address)}`)}`;
  const { target, credential } = place;
  const sasTokenParameters = {
    storageResourceUri: target.uri,
    ...(credential.kind === 'sas' && { token: credential.token }),
    ...(credential.kind === 'managedIdentity' && { useManagedIdentity: true }),
  };
  const request = { folderToRestore: name, sasTokenParameters };
  const problem = await followRestore(client, await startRestore(client, request), pause);
  if (problem === undefined) return;
  const { code, message } = problem;
  if (OF_THE_BACKUP.has(code)) throw fileFailed(address, message, next);
  throw new NotRehearsed(
    `${address} could not be restored: ${message}`,
    'mend what it says, and run the rehearsal again',
  );
}

/** Counts what came back; versions and other records the restore itself has counted. @throws StepFailed */
export async function compareCounts(client: InstanceClient, backup: BackupAtHand) {
  const names = await keyNames(client);
  // Not purged: a backup has them too.
  const deleted = await keyNames(client, 'deletedkeys');
  const { keys } = backup.manifest.counts;
  if (names.length + deleted.length === keys) return { names, deleted };
  throw fileFailed(
    backup.address,
    `${countedKeys(names.length, deleted.length)} came back, its manifest says ${keys} in all`,
    'use another backup',
  );
}

/** Roles are those of the backup now: its administrator gives itself the right to use keys and see all, in this instance alone. */
export async function allowUse(client: InstanceClient, administrator: string): Promise<void> {
  for (const role of [CRYPTO_USER, CRYPTO_AUDITOR]) await assignRole(client, '/keys', role, administrator);
}

/**
 * @param from file of the samples
 * @throws StepFailed naming the first key that answers otherwise than it is known to; NotRehearsed for one that the backup does
 *   not let be used
 */
export async function useSamples(client: InstanceClient, { samples }: Samples, from: string): Promise<number> {
  for (const sample of samples) {
    const key = `${sample.name}/${sample.version}`;
    const problem = await useSample(client, sample).catch((error: unknown) => {
      if (!(error instanceof AnswerError)) throw error;
      if (error.status === 400) return error.message;
      if (error.status !== 403 && error.status !== 404) throw error;
      throw new NotRehearsed(
        `${key}, of ${from}: ${error.message}: it was made after the backup, or disabled, deleted or purged before it`,
        "make new samples with 'rehearse prepare', then a backup; a key that should be in this backup, and is not, is in an earlier one",
        { cause: error },
      );
    });
    if (problem !== undefined) throw fileFailed(key, problem, 'use another backup');
  }
  return samples.length;
}
