// The rehearsals that an instance keeps, as its public API shows them, and filing another one.
import { rehearseWords } from '../../../features/rehearsal/posture.ts';
import { ownCommand } from '../../../formats/own-command.ts';
import type { OwnRecoverability } from '../../../formats/own-recoverability.ts';
import { printableLine } from '../../../formats/printable.ts';
import { REHEARSAL_DEPTHS, type RehearsalDepth } from '../../../formats/rehearsal-record.ts';
import { CommandError } from '../../command.ts';
import type { InstanceClient, InstanceValues } from '../../instance-client.ts';
import { targetOptions } from '../../same-place.ts';

export const REHEARSALS = '/securitydomain/rehearsals';
export const VERSION = 'api-version=7.5';

/** As an instance tells it, which may know other depths. `lastFailed`: the newest has failed, at this time. */
export type DepthPosture = Omit<OwnRecoverability['rehearsals'][number], 'depth'> & { readonly depth: string };

/** What is to be done about a depth, as a command, and why. @param why of the newest one, when it has failed */
export function stepsOn(posture: DepthPosture, values: Partial<InstanceValues>, why: string): string {
  const { depth, lastFailed } = posture;
  const place = targetOptions(values);
  // Behind an address there is no folder with the latest backup.
  const backup = values.url === undefined || depth !== 'full' ? '' : ' --backup URI';
  return [
    lastFailed === undefined ? '' : `; why: ${why}`,
    needsRehearsal(posture) && isDepth(depth) ? `; next: ${ownCommand(rehearseWords(depth) + backup + place)}` : '',
  ].join('');
}

function isDepth(depth: string): depth is RehearsalDepth {
  return (REHEARSAL_DEPTHS as readonly string[]).includes(depth);
}

export function needsRehearsal({ overdue, lastFailed }: DepthPosture): boolean {
  return overdue || lastFailed !== undefined;
}

export interface FiledSummary {
  readonly id: string;
  readonly depth: string;
  readonly verdict: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly challenge?: string;
  readonly recoveryMilliseconds?: number;
  readonly problems: readonly string[];
}

export type FiledRecord = FiledSummary & {
  readonly record: string;
  readonly note: string;
  readonly domainKey: string;
};

export async function readRehearsals(
  client: InstanceClient,
): Promise<{ readonly posture: readonly DepthPosture[]; readonly value: readonly FiledSummary[] }> {
  const answer = (await client.ask('GET', `${REHEARSALS}?${VERSION}`)) as {
    readonly posture?: readonly DepthPosture[];
    readonly value?: readonly FiledSummary[];
  };
  const { posture, value } = answer;
  if (Array.isArray(posture) && Array.isArray(value)) return { posture, value };
  throw new CommandError(`${client.who} did not answer with rehearsals`);
}

/** Where the record of a rehearsal is now. */
export function filedWords({ who }: InstanceClient, id: string): string {
  return `with ${who} as ${printableLine(id)}`;
}

/** @param note absent: the instance is to state it */
export async function fileRecord(client: InstanceClient, record: string, note?: string): Promise<FiledRecord> {
  const body = { record, ...(note === undefined ? {} : { note }) };
  return (await client.ask('POST', `${REHEARSALS}?${VERSION}`, body)) as FiledRecord;
}
