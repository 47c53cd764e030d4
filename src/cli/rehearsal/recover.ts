// A recovery as it would be done for real, in an instance that is thrown away: domain, backup, keys. Both the full rehearsal
// and the trial of a backup are this.
import { createHash, randomBytes } from 'node:crypto';
import { fetchTransferKey } from '../../tools/ceremony/hsm.ts';
import { CommandError, type Terminal } from '../command.ts';
import { counted, countedKeys } from '../counted.ts';
import type { InstanceClient } from '../instance-client.ts';
import { openThrowAway, type ThrowAway } from '../throw-away.ts';
import type { BackupAtHand, Domain, SamplesAtHand } from './inputs.ts';
import {
  allowUse,
  checkDomainOfBackup,
  compareCounts,
  recoverDomain,
  restoreBackup,
  useSamples,
} from './recovery-steps.ts';
import type { Gathering } from './shares.ts';
import { type Steps, WAITING } from './steps.ts';

/**
 * An instance that can read this backup's place and nothing else.
 * @param administrator object id @param onDisk it may lie on a disk, where there is no room in memory
 */
export async function openRecoveryInstance(
  backup: BackupAtHand,
  administrator: string,
  onDisk: boolean,
): Promise<ThrowAway> {
  const { target, identity } = backup.place;
  if (target.uri.startsWith('http:'))
    throw new CommandError(`a throw-away instance reads containers over https only, not ${target.uri}`);
  const name = `rehearsal-${randomBytes(6).toString('hex')}`;
  return openThrowAway({
    name,
    administrator,
    // Records are sealed one by one, and the log grows beside them.
    needs: backup.bytes * 8 + 256 * 1024 * 1024,
    onDisk,
    backupPlace: target,
    ...(identity === undefined ? {} : { backupIdentity: identity }),
  });
}

export interface Recovery {
  readonly domain: Domain;
  readonly backup: BackupAtHand;
  readonly administrator: string;
  readonly samples: SamplesAtHand | undefined;
  readonly gathering: Gathering;
}

/** All steps but the making of the instance. @throws StepFailed, NotRehearsed */
export async function recover(instance: InstanceClient, steps: Steps, recovery: Recovery, terminal: Terminal) {
  const { domain, backup, administrator, samples, gathering } = recovery;
  const again = 'run the rehearsal again; if it fails again, this is a defect: report it with this message';
  const recipient = await steps.run('fetch the exchange key', again, () =>
    fetchTransferKey(instance, 'the exchange key', 'upload'),
  );
  const shares = await steps.run(
    WAITING,
    'gather the shares of a quorum',
    () => gathering.gather(domain, recipient, terminal),
    ({ length }) => counted(length, 'custodian'),
  );
  await steps.run('recover the security domain', again, async () => {
    await recoverDomain(instance, domain, shares);
    await checkDomainOfBackup(instance, domain, backup);
  });
  await steps.run('restore the backup', again, () => restoreBackup(instance, backup));
  // An administrator as such may not even list keys.
  await steps.run(
    'give the rehearsal the right to use keys',
    'name one who was an administrator of the instance when it was backed up, with --administrator',
    () => allowUse(instance, administrator),
  );
  const back = await steps.run(
    'compare the keys with the manifest',
    again,
    () => compareCounts(instance, backup),
    ({ names, deleted }) => `${countedKeys(names.length, deleted.length)}, names ${namesHash([...names, ...deleted])}`,
  );
  if (samples === undefined) return { shares, ...back, used: 0 };
  const used = await steps.run(
    'use keys on known ciphertexts',
    again,
    () => useSamples(instance, samples.content, samples.file),
    (count) => counted(count, 'key'),
  );
  return { shares, ...back, used };
}

/** SHA-256 over all names, sorted: two restores of one backup have the same. */
function namesHash(names: readonly string[]): string {
  const sorted = names.map((each) => each.toLowerCase()).sort();
  return createHash('sha256').update(sorted.join('\n')).digest('hex').slice(0, 16);
}
