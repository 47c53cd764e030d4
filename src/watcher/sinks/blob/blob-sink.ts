// A container of a storage account, as Azure's own diagnostic settings fill it: `insights-logs-auditevent`, a blob for each hour of the
// log, a line for each entry. Containers are their owner's to make, with the policy that they are to have.
import { MANAGEMENT_LOG, type SinkConfigOf } from '../../../deployment/sinks.ts';
import { withoutSlash } from '../../../features/backup/storage/allowed-targets.ts';
import { identityCredential, sasCredential } from '../../../features/backup/storage/blob/credential.ts';
import type { BlobPlace } from '../../../features/backup/storage/blob/explain.ts';
import { StorageError } from '../../../features/backup/storage/port.ts';
import { sinkAddress } from '../addresses.ts';
import {
  type Delivery,
  type LogIdentity,
  readNamed,
  SEND_MS,
  type Sink,
  SinkError,
  type SinkSurroundings,
} from '../sink.ts';
import type { AppendBlobs } from './append-blobs.ts';
import { type Line, lineOf } from './audit-lines.ts';

/** The engine sees to another attempt. */
const ATTEMPTS = { count: 1, delayMs: 0, deadlineMs: 60_000 };
const HINT =
  'make a new SAS token with the permissions rac (read, add, create) for this container, and write it into sasFile';

export function blobSink(config: SinkConfigOf<'blob'>, given: SinkSurroundings): Sink {
  const { name, sasFile, identity, caFile, addresses = [] } = config;
  const { log, profile } = given;
  const account = sinkAddress(config, profile);
  const { container = containerOf(log) } = config;
  if ((sasFile === undefined) === (identity === undefined)) {
    throw new SinkError(`sinks: '${name}' must have one of sasFile and identity`);
  }
  const ca = caFile === undefined ? undefined : readNamed(given, caFile, 'caFile');
  const place = (stopping: AbortSignal): BlobPlace => ({
    ...{
      uri: `${withoutSlash(account.href)}/${container}`,
      ca,
      addresses,
      attempts: ATTEMPTS,
      keepsAll: true,
      stopping,
    },
    ...(sasFile === undefined
      ? identityCredential(account, identity, Date.now, stopping)
      : sasCredential(readNamed(given, sasFile, 'sasFile').trim(), Date.now, HINT)),
  });
  let blobs: AppendBlobs | undefined;
  return {
    async send(entries, stopping): Promise<Delivery> {
      const inTime = AbortSignal.any([stopping, AbortSignal.timeout(SEND_MS)]);
      try {
        if (blobs === undefined) {
          // Not read by who has no such sink.
          const { AppendBlobs } = await import('./append-blobs.ts');
          blobs = new AppendBlobs(place(stopping), log);
        }
        for (const lines of runs(entries.map((entry) => lineOf(log, entry)))) await blobs.append(lines, inTime);
        return { outcome: 'taken' };
      } catch (error) {
        return {
          outcome: 'failed',
          why: inTime.aborted && !stopping.aborted ? 'did not answer in time' : whyNot(error, stopping),
        };
      }
    },
    async [Symbol.asyncDispose]() {
      blobs?.[Symbol.dispose]();
    },
  };
}

function containerOf({ name }: LogIdentity): string {
  return name === MANAGEMENT_LOG ? 'insights-activity-logs' : 'insights-logs-auditevent';
}

/** The clock may go back: of an hour there may be more than one. */
function runs(lines: readonly Line[]): readonly (readonly Line[])[] {
  const all: Line[][] = [];
  for (const line of lines) {
    const last = all.at(-1);
    if (last?.[0]?.folder === line.folder) last.push(line);
    else all.push([line]);
  }
  return all;
}

function whyNot(error: unknown, stopping: AbortSignal): string {
  if (stopping.aborted) return 'it stops';
  if (error instanceof StorageError || error instanceof SinkError) return error.message;
  return `it failed: ${(error as NodeJS.ErrnoException).code ?? (error as Error).name}`;
}
