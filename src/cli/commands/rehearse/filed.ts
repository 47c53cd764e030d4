// The rehearsals that an instance keeps, as its public API shows them, and filing another one.
import { CommandError } from '../../command.ts';
import type { InstanceClient } from '../../instance-client.ts';

export const REHEARSALS = '/securitydomain/rehearsals';
export const VERSION = 'api-version=7.5';

export interface DepthPosture {
  readonly depth: string;
  readonly overdue: boolean;
  /** The newest has failed, at this time. */
  readonly lastFailed?: string;
  readonly summary: string;
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

/** @param note absent: the instance is to state it */
export async function fileRecord(client: InstanceClient, record: string, note?: string): Promise<FiledRecord> {
  const body = { record, ...(note === undefined ? {} : { note }) };
  return (await client.ask('POST', `${REHEARSALS}?${VERSION}`, body)) as FiledRecord;
}
