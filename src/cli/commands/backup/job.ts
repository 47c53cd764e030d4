// Jobs as the service answers them, and how commands wait for one: progress to the person, the end as the result.

import { setTimeout as sleep } from 'node:timers/promises';
import { having } from '../../../formats/having.ts';
import { printableLine } from '../../../formats/printable.ts';
import { integer, type Reader, text } from '../../../formats/shape.ts';
import { CommandError, type Terminal } from '../../command.ts';
import { AnswerError, type InstanceClient, type Method, readAnswer } from '../../instance-client.ts';
import { labelled } from '../../show.ts';

/** The first version with checks; everything else is older. */
const API_VERSION = '7.6-preview.2';
const POLL_MS = 1000;

const orNull =
  <T>(read: Reader<T>): Reader<T | null> =>
  (value, path) =>
    value === null ? null : read(value, path);
const seconds = integer(0, 8_640_000_000_000);
const shape = having(
  {
    jobId: text,
    status: text,
    statusDetails: orNull(text),
    startTime: seconds,
    endTime: orNull(seconds),
    error: orNull(having({ code: text, message: text })),
  },
  { azureStorageBlobContainerUri: orNull(text) },
);
export type Job = ReturnType<typeof shape>;

type Direction = 'backup' | 'restore';

/** Starts a job and waits for its end, or only starts it. @throws CommandError when it fails */
export async function startJob(
  client: InstanceClient,
  direction: Direction,
  request: readonly [method: Method, path: string, body: object],
  isAwaited: boolean,
  terminal: Terminal,
): Promise<Job> {
  const job = await askForJob(client, ...request);
  terminal.err(`job ${job.jobId}\n`);
  return isAwaited ? follow(client, direction, job, terminal) : job;
}

export async function follow(client: InstanceClient, direction: Direction, job: Job, terminal: Terminal): Promise<Job> {
  let told: string | null = null;
  for (let now = job; ; now = await askJob(client, direction, now.jobId)) {
    if (now.statusDetails !== null && now.statusDetails !== told && now.status === 'InProgress') {
      told = now.statusDetails;
      terminal.err(`${printableLine(told)}\n`);
    }
    if (now.status === 'Succeeded') return now;
    if (now.status !== 'InProgress') throw new CommandError(failureOf(direction, now));
    await sleep(POLL_MS);
  }
}

function askJob(client: InstanceClient, direction: Direction, id: string): Promise<Job> {
  return askForJob(client, 'GET', `/${direction}/${id}/pending`);
}

async function askForJob(client: InstanceClient, method: Method, path: string, body?: object): Promise<Job> {
  return readAnswer(await client.ask(method, `${path}?api-version=${API_VERSION}`, body), client.who, 'job', shape);
}

/** Among those that the instance remembers. @throws CommandError */
export async function findJob(
  client: InstanceClient,
  id: string,
): Promise<{ readonly direction: Direction; readonly job: Job }> {
  for (const direction of ['backup', 'restore'] as const) {
    try {
      return { direction, job: await askJob(client, direction, id) };
    } catch (error) {
      if (!(error instanceof AnswerError) || error.status !== 404) throw error;
    }
  }
  throw new CommandError(`${client.who} remembers no job ${id}; it remembers its last twenty`);
}

export function failureOf(direction: Direction, { status, error, statusDetails }: Job): string {
  const reason = error === null ? (statusDetails ?? '') : `${error.code}: ${error.message}`;
  return `the ${direction} ended as ${status}: ${printableLine(reason)}`;
}

export function describeJob({ jobId, status, statusDetails, startTime, endTime, ...job }: Job): string {
  const { azureStorageBlobContainerUri: uri } = job;
  const at = (seconds: number): string => new Date(seconds * 1000).toISOString();
  return labelled(
    [
      ['job', jobId],
      ['status', `${status}${statusDetails === null ? '' : `: ${statusDetails}`}`],
      ['began', at(startTime)],
      ['ended', endTime === null ? undefined : at(endTime)],
      ['backup', uri ?? undefined],
    ],
    9,
  );
}
