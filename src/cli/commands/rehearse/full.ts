// `strongroom rehearse --depth full`: a recovery from domain file, custodians and backup, in an instance that is thrown away;
// its record, stated by that very instance, and filed with the running one.

import { ownCommand, shellWord } from '../../../formats/own-command.ts';
import { oneLine, printableJson } from '../../../formats/printable.ts';
import {
  REHEARSAL_FORMAT,
  type Rehearsal,
  type RehearsedCustodian,
  writeRehearsal,
} from '../../../formats/rehearsal-record.ts';
import { CommandError, type Terminal } from '../../command.ts';
import type { InstanceClient, InstanceValues } from '../../instance-client.ts';
import {
  type BackupAtHand,
  type Domain,
  describeBackup,
  readBackupAtHand,
  readDomain,
  type SamplesAtHand,
  samplesIn,
  timeOf,
} from '../../rehearsal/inputs.ts';
import { openRecoveryInstance, type Recovered, recover } from '../../rehearsal/recover.ts';
import { checkKeysAtHand, type Gathering, gatherShares } from '../../rehearsal/shares.ts';
import { StepFailed, Steps } from '../../rehearsal/steps.ts';
import { targetOptions } from '../../same-place.ts';
import { chooseBackup } from '../backup/choose-backup.ts';
import type { PlaceValues } from '../backup/credentials.ts';
import { readRegister } from '../custodian/read-register.ts';
import { type FiledRecord, filedWords, fileRecord } from './filed.ts';
import { keepRecord, keptText, outcomeText } from './kept-record.ts';
import { checkOwnFiles } from './own-files.ts';

export interface FullOptions {
  /** Absent: nothing is filed. */
  readonly client: InstanceClient | undefined;
  /** Which instance that is. */
  readonly values: InstanceValues;
  readonly administrator: string;
  readonly domain: string;
  /** URI of a backup's folder, or of a place. */
  readonly backup: string;
  readonly place: PlaceValues;
  /** Name of the HSM, for the record and for the latest of its backups; absent: that of the backup. */
  readonly meant: string | undefined;
  readonly onDisk: boolean;
  readonly samples: string;
  readonly gather: Gathering;
  readonly record: string | undefined;
  readonly json: boolean;
}

/** @returns exit code: 0 when it passed */
export async function rehearseFull(options: FullOptions, terminal: Terminal): Promise<number> {
  const { client, values } = options;
  const samples = samplesIn(options.samples, targetOptions(values));
  const now = await timeOf(client);
  const startedAt = now().toISOString();
  const steps = new Steps(terminal);
  const { place, folder } = await chooseBackup(options.backup, options.place, terminal, options.meant);
  let inputs: Inputs | undefined;
  try {
    const { domain, backup } = await steps.run('read domain file and manifest', 'get the files again', async () => {
      const read = await readDomain(options.domain);
      return { domain: read, backup: await readBackupAtHand(place, folder) };
    });
    inputs = { domain, backup };
    await checkKeysAtHand(options.gather, domain);
    if (client !== undefined) await checkOwnFiles(client, values, inputs, terminal);
    const filed = await passed({ options, terminal, steps, now, startedAt, samples, domain, backup });
    return await finishPassed(options, filed, terminal);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    return await failed({ options, terminal, steps, now, startedAt, inputs }, error);
  }
}

interface Inputs {
  readonly domain: Domain;
  readonly backup: BackupAtHand;
}

interface Attempt {
  readonly options: FullOptions;
  readonly terminal: Terminal;
  readonly steps: Steps;
  readonly now: () => Date;
  readonly startedAt: string;
}

/** @returns the record as the instance that was recovered stated it */
async function passed(attempt: Attempt & Inputs & { readonly samples: SamplesAtHand }): Promise<FiledRecord> {
  const { options, terminal, steps, startedAt, samples, domain, backup } = attempt;
  const { administrator, onDisk } = options;
  await using instance = await steps.run(
    'make the throw-away instance',
    'make room in memory (/dev/shm), and see what it says',
    () => openRecoveryInstance(backup, administrator, onDisk),
  );
  const recovered = await recover({
    ...{ instance, steps, domain, backup, administrator, samples },
    gather: (recipient) => gatherShares(options.gather, domain, recipient, terminal),
  });
  const record = writeRehearsal({
    ...(await common(attempt, domain, backup)),
    verdict: 'passed',
    custodians: await custodiansOf(options.client, domain, recovered),
    problems: [],
    recoveryMilliseconds: steps.milliseconds,
    backup: describeBackup(backup),
    sample: { file: samples.hash, keys: samples.content.samples.length, unwrapped: recovered.used },
    startedAt,
  });
  // The instance that was recovered states it: so much takes a quorum. It is there until it has.
  return await fileRecord(instance, record);
}

async function failed(attempt: Attempt & { readonly inputs: Inputs | undefined }, error: StepFailed): Promise<number> {
  const { options, terminal, inputs } = attempt;
  const { problem } = error;
  terminal.err(`at fault: ${problem.kind} ${problem.name}: ${problem.problem}\nnext:     ${problem.next}\n`);
  const { client } = options;
  // Without its files nothing can be said of which domain failed; and an instance that states a failure is not there.
  if (client === undefined || inputs === undefined) {
    terminal.err('no record was filed\n');
    return 1;
  }
  const record = writeRehearsal({
    ...(await common(attempt, inputs.domain, inputs.backup)),
    verdict: 'failed',
    custodians: [],
    problems: [problem],
    backup: describeBackup(inputs.backup),
  });
  const filed = await orProblem(fileRecord(client, record));
  if (typeof filed === 'string') {
    terminal.err(`the failure could not be filed: ${filed}\n`);
    return 1;
  }
  if (options.record !== undefined) await keepRecord(options.record, filed);
  show(options, record, filed.id, terminal);
  return 1;
}

/** @param passedRecord by the instance that was recovered */
async function finishPassed(options: FullOptions, passedRecord: FiledRecord, terminal: Terminal): Promise<number> {
  const { client, values, record: path } = options;
  if (path !== undefined) await keepRecord(path, passedRecord);
  const { record, note } = passedRecord;
  const filed = client === undefined ? undefined : await orProblem(fileRecord(client, record, note));
  show(options, record, typeof filed === 'object' ? filed.id : undefined, terminal);
  if (typeof filed !== 'string') return 0;
  const later =
    path === undefined
      ? ''
      : `; file it later: ${ownCommand(`rehearse file ${shellWord(path)}${targetOptions(values)}`)}`;
  terminal.err(`it passed, but could not be filed: ${filed}${later}\n`);
  return 1;
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
function show(
  { client, record: path, json }: FullOptions,
  record: string,
  id: string | undefined,
  terminal: Terminal,
): void {
  const rehearsal = JSON.parse(record) as Rehearsal;
  if (json) {
    terminal.out(printableJson({ ...(id === undefined ? {} : { id }), ...rehearsal }));
    return;
  }
  const filed = client === undefined || id === undefined ? 'nowhere' : filedWords(client, id);
  terminal.out(outcomeText(rehearsal) + keptText(filed, path));
}

async function common(
  { options, steps, now, startedAt }: Attempt,
  domain: Domain,
  { manifest }: BackupAtHand,
): Promise<Omit<Rehearsal, 'verdict' | 'custodians' | 'problems'>> {
  return {
    format: REHEARSAL_FORMAT,
    depth: 'full',
    startedAt,
    finishedAt: now().toISOString(),
    instance: options.meant ?? manifest.instance.name,
    domainFingerprint: manifest.domain,
    domain: domain.hash,
    required: domain.file.SharedKeys.required,
    steps: steps.list,
  };
}

/** With the names that the running instance's register has for them, where it can be asked. */
async function custodiansOf(
  client: InstanceClient | undefined,
  { file }: Domain,
  { shares }: Recovered,
): Promise<readonly RehearsedCustodian[]> {
  const names = new Map<string, string>();
  if (client !== undefined) {
    try {
      const { value } = await readRegister(client);
      for (const { custodian, name, subject } of value) names.set(custodian, name ?? subject ?? custodian);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error; // names are a courtesy
    }
  }
  const took = new Set(shares.map(({ custodian }) => custodian));
  return file.SharedKeys.enc_shares
    .filter(({ x5t_256 }) => took.has(x5t_256))
    .map(({ x5t_256: custodian }) => {
      const name = names.get(custodian);
      return { custodian, ...(name === undefined ? {} : { name: oneLine(name) }), outcome: 'shared' as const };
    });
}
