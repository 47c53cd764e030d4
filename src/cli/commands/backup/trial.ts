// `strongroom backup verify --trial`: what is in a backup comes back, tried in an instance that is thrown away.
import { CommandError, type OptionValues, type Terminal, UsageError } from '../../command.ts';
import { administratorOf, readBackupAtHand, readDomain, rejectOptions, samplesIn } from '../../rehearsal/inputs.ts';
import { openRecoveryInstance, recover } from '../../rehearsal/recover.ts';
import { gatheringOf } from '../../rehearsal/shares.ts';
import { StepFailed, Steps } from '../../rehearsal/steps.ts';
import type { Chosen } from './choose-backup.ts';

export const trialOptions = {
  trial: 'also restore it into a throw-away instance, and compare',
  'domain FILE': 'with --trial: the security-domain file',
  'custodian KEY.pem...': "with --trial: a custodian's private key; once for each of a quorum",
  'passphrase-file FILE...':
    'with --trial: its first line decrypts the keys; or once for each encrypted key, in their order',
  'packets DIR': "with --trial: instead of keys, wait for custodians' packets in this folder",
  'samples FILE': "with --trial: known answers, from 'rehearse prepare'; keys are used on them",
  'administrator OID': 'with --trial: object id of an administrator of the backed-up instance',
  'on-disk': 'with --trial: where memory has no room, make the throw-away instance on a disk',
  'data DIR': 'data directory: its backups, without an operand; with --trial its dev administrator',
} as const;

export type Trial = NonNullable<Awaited<ReturnType<typeof trialOf>>>;

export interface TrialOutcome {
  /** null: it could not be done, which says nothing of the backup. */
  readonly passed: boolean | null;
  readonly keys: number;
  readonly deletedKeys: number;
  readonly used: number;
  readonly problem?: string;
  readonly next?: string;
}

/** Undefined: none is wanted. @throws UsageError */
export async function trialOf(values: OptionValues<typeof trialOptions>) {
  const { domain, samples, custodian, packets } = values;
  if (!values.trial) {
    rejectOptions(values, ['domain', 'samples', 'packets', 'custodian', 'on-disk'], 'goes with --trial');
    return undefined;
  }
  if (domain === undefined) throw new UsageError('--trial needs --domain, and a quorum: --custodian or --packets');
  const gathering = gatheringOf('--custodian', custodian, values['passphrase-file'], packets);
  return { domain, gathering, samples, administrator: await administratorOf(values), onDisk: values['on-disk'] };
}

/** Before a backup is read, which takes long. A domain file that does not read is a finding of the trial. @throws CommandError */
export async function checkCall({ domain: path, gathering }: Trial): Promise<void> {
  try {
    await gathering.check(await readDomain(path));
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
  }
}

export async function tryBackup({ place, folder }: Chosen, trial: Trial, terminal: Terminal): Promise<TrialOutcome> {
  const samples = trial.samples === undefined ? undefined : samplesIn(trial.samples);
  try {
    const domain = await readDomain(trial.domain);
    const backup = await readBackupAtHand(place, folder);
    await using instance = await openRecoveryInstance(backup, trial.administrator, trial.onDisk);
    const recovery = { ...trial, domain, backup, samples };
    const { names, deleted, used } = await recover(instance, new Steps(terminal), recovery, terminal);
    return { passed: true, keys: names.length, deletedKeys: deleted.length, used };
  } catch (error) {
    const nothing = { keys: 0, deletedKeys: 0, used: 0 };
    if (error instanceof CommandError) return { passed: null, ...nothing, problem: error.message };
    if (!(error instanceof StepFailed)) throw error;
    const { kind, name, problem, next } = error.problem;
    return { passed: false, ...nothing, problem: `${kind} ${name}: ${problem}`, next };
  }
}
