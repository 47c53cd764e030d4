// `strongroom rehearse --depth full`: a recovery from domain file, custodians and backup, in an instance that is thrown away;
// its record, stated by that very instance, and filed with the running one.

import { ownCommand, shellWord } from '../../../formats/own-command.ts';
import { oneLine } from '../../../formats/printable.ts';
import {
  REHEARSAL_FORMAT,
  type Rehearsal,
  type RehearsedCustodian,
  writeRehearsal,
} from '../../../formats/rehearsal-record.ts';
import { type Answer, CommandError, type Outcome, type Terminal } from '../../command.ts';
import type { InstanceClient, InstanceValues } from '../../instance-client.ts';
import {
  type BackupAtHand,
  type Domain,
  readBackupAtHand,
  readDomain,
  samplesIn,
  timeOf,
} from '../../rehearsal/inputs.ts';
import { openRecoveryInstance, recover } from '../../rehearsal/recover.ts';
import type { Gathering } from '../../rehearsal/shares.ts';
import type { GatheredShare } from '../../rehearsal/shares-from-folder.ts';
import { StepFailed, Steps } from '../../rehearsal/steps.ts';
import { targetOptions } from '../../same-place.ts';
import { chooseBackup } from '../backup/choose-backup.ts';
import type { PlaceValues } from '../backup/credentials.ts';
import { type FiledRecord, filedWords, fileRecord } from './filed.ts';
import { keepRecord, keptText, outcomeText } from './kept-record.ts';
import { checkOwnFiles, registerOf } from './own-files.ts';

interface FullRehearsal {
  /** Absent: nothing is filed. */
  readonly client: InstanceClient | undefined;
  /** Which instance that is, and how the place of the backup is reached. */
  readonly values: InstanceValues & PlaceValues & { readonly record: string | undefined };
  readonly administrator: string;
  readonly domain: string;
  /** URI of a backup's folder, or of a place. */
  readonly backup: string;
  /** Name of the HSM, for the record and for the latest of its backups; absent: that of the backup. */
  readonly meant: string | undefined;
  readonly onDisk: boolean;
  readonly samples: string;
  readonly gathering: Gathering;
}

interface Files {
  readonly domain: Domain;
  readonly backup: BackupAtHand;
}

/** @returns with exit code 0 when it passed */
export async function rehearseFull(call: FullRehearsal, terminal: Terminal): Promise<Outcome> {
  const { client, values, meant, gathering } = call;
  const samples = samplesIn(call.samples, targetOptions(values));
  const now = await timeOf(client);
  const startedAt = now().toISOString();
  const steps = new Steps(terminal);
  const { place, folder } = await chooseBackup(call.backup, values, terminal, meant);
  /** What every record of it says. */
  const common = ({ domain, backup: { manifest } }: Files): Omit<Rehearsal, 'verdict' | 'custodians' | 'problems'> => ({
    format: REHEARSAL_FORMAT,
    depth: 'full',
    startedAt,
    finishedAt: now().toISOString(),
    instance: meant ?? manifest.instance.name,
    domainFingerprint: manifest.domain,
    domain: domain.hash,
    required: domain.file.SharedKeys.required,
    steps: steps.list,
  });
  /** @returns the record as the instance that was recovered stated it */
  const passed = async ({ domain, backup }: Files): Promise<FiledRecord> => {
    const { administrator, onDisk } = call;
    await using instance = await steps.run(
      'make the throw-away instance',
      'make room in memory (/dev/shm), and see what it says',
      () => openRecoveryInstance(backup, administrator, onDisk),
    );
    const recovery = { domain, backup, administrator, samples, gathering };
    const { shares, used } = await recover(instance, steps, recovery, terminal);
    const record = writeRehearsal({
      ...common({ domain, backup }),
      verdict: 'passed',
      custodians: await custodiansOf(client, domain, shares),
      problems: [],
      recoveryMilliseconds: steps.milliseconds,
      backup: describeBackup(backup),
      sample: { file: samples.hash, keys: samples.content.samples.length, unwrapped: used },
    });
    // The instance that was recovered states it: so much takes a quorum. It is there until it has.
    return await fileRecord(instance, record);
  };
  let files: Files | undefined;
  try {
    files = await steps.run('read domain file and manifest', 'get the files again', async () => {
      const domain = await readDomain(call.domain);
      return { domain, backup: await readBackupAtHand(place, folder) };
    });
    await gathering.check(files.domain);
    if (client !== undefined) await checkOwnFiles(client, values, files, terminal);
    return await filePassed(call, await passed(files));
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    const { problem } = error;
    terminal.err(`at fault: ${problem.kind} ${problem.name}: ${problem.problem}\nnext:     ${problem.next}\n`);
    // Without its files nothing can be said of which domain failed; and an instance that states a failure is not there.
    if (client === undefined || files === undefined) {
      terminal.err('no record was filed\n');
      return 1;
    }
    const outcome = { verdict: 'failed' as const, custodians: [], problems: [problem] };
    const record = writeRehearsal({ ...common(files), ...outcome, backup: describeBackup(files.backup) });
    const filed = await orProblem(fileRecord(client, record));
    if (typeof filed !== 'string') {
      if (values.record !== undefined) await keepRecord(values.record, filed);
      return { ...answerOf(call, record, filed.id), exit: 1 };
    }
    terminal.err(`the failure could not be filed: ${filed}\n`);
    return 1;
  }
}

/** @param stated by the instance that was recovered */
async function filePassed(call: FullRehearsal, stated: FiledRecord): Promise<Answer> {
  const { client, values } = call;
  const { record: path } = values;
  if (path !== undefined) await keepRecord(path, stated);
  const { record, note } = stated;
  const filed = client === undefined ? undefined : await orProblem(fileRecord(client, record, note));
  if (typeof filed !== 'string') return answerOf(call, record, filed?.id);
  const later =
    path === undefined
      ? ''
      : `; file it later: ${ownCommand(`rehearse file ${shellWord(path)}${targetOptions(values)}`)}`;
  const problem = `it passed, but could not be filed: ${filed}${later}\n`;
  return { ...answerOf(call, record, undefined), note: problem, exit: 1 };
}

async function orProblem(filing: Promise<FiledRecord>): Promise<FiledRecord | string> {
  try {
    return await filing;
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    throw error;
  }
}

/** @param id under which it was filed; undefined: it was not */
function answerOf({ client, values }: FullRehearsal, record: string, id: string | undefined): Answer {
  const rehearsal = JSON.parse(record) as Rehearsal;
  const filed = client === undefined || id === undefined ? 'nowhere' : filedWords(client, id);
  return {
    json: { ...(id === undefined ? {} : { id }), ...rehearsal },
    text: outcomeText(rehearsal) + keptText(filed, values.record),
  };
}

function describeBackup({ name, hash, manifest }: BackupAtHand): Rehearsal['backup'] & object {
  const { keys, versions } = manifest.counts;
  return { folder: name, manifest: hash, keys, versions };
}

/** With the names that the running instance's register has for them, where it can be asked. */
async function custodiansOf(
  client: InstanceClient | undefined,
  { file }: Domain,
  shares: readonly GatheredShare[],
): Promise<readonly RehearsedCustodian[]> {
  const register = client === undefined ? undefined : await registerOf(client);
  const called = register?.value.map(
    ({ custodian, name, subject }) => [custodian, name ?? subject ?? custodian] as const,
  );
  const names = new Map(called);
  const took = new Set(shares.map(({ custodian }) => custodian));
  return file.SharedKeys.enc_shares
    .filter(({ x5t_256 }) => took.has(x5t_256))
    .map(({ x5t_256: custodian }) => {
      const name = names.get(custodian);
      return { custodian, ...(name === undefined ? {} : { name: oneLine(name) }), outcome: 'shared' as const };
    });
}
