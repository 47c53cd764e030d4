// Append blobs of one container. A block is appended only where the blob ends as was seen, and what its last line says is there is not
// appended again: so each line is there once, whatever was cut off, as long as nobody else appends lines of the same log.
import { type AppendBlobClient, type ContainerClient, RestError } from '@azure/storage-blob';
import { type BlobPlace, codeOf, explain } from '../../../features/backup/storage/blob/explain.ts';
import type { BlobHttpClient } from '../../../features/backup/storage/blob/http-client.ts';
import { openContainer } from '../../../features/backup/storage/blob/open-container.ts';
import { StorageError } from '../../../features/backup/storage/port.ts';
import type { LogIdentity } from '../sink.ts';
import { blobName, type Line, LONGEST_LINE, newestIn } from './audit-lines.ts';

/** What a blob can have. */
const MOST_BLOCKS = 50_000;
/** Of an hour: a million batches, which is more than are ever sent in one. */
const MOST_PARTS = 20;
const CHANGED = new Set([
  'AppendPositionConditionNotMet',
  'BlockCountExceedsLimit',
  'BlobAlreadyExists',
  'ConditionNotMet',
]);
/** Somebody else appends there, more often than we can look. */
const MOST_LOOKS = 3;

interface Seen {
  readonly blob: AppendBlobClient;
  readonly length: number;
  /** Index of its newest entry; -1: none. */
  readonly newest: number;
}

export class AppendBlobs implements Disposable {
  readonly #place: BlobPlace;
  readonly #log: LogIdentity;
  readonly #client: ContainerClient;
  readonly #http: BlobHttpClient;
  /** By folder, of the batches since this was opened. */
  readonly #seen = new Map<string, Seen>();

  constructor(place: BlobPlace, log: LogIdentity) {
    this.#place = place;
    this.#log = log;
    ({ client: this.#client, http: this.#http } = openContainer(place));
  }

  /** @param lines of one folder, in order @throws StorageError */
  async append(lines: readonly Line[], abortSignal: AbortSignal): Promise<void> {
    const { folder = '' } = lines[0] ?? {};
    const what = `appending to '${blobName(folder, 0)}'`;
    for (let look = 1; ; look++) {
      try {
        return await this.#appendOnce(folder, lines, abortSignal);
      } catch (error) {
        this.#seen.delete(folder);
        const code = error instanceof RestError ? codeOf(error) : '';
        if (CHANGED.has(code) && look < MOST_LOOKS) continue;
        if (code === 'BlobImmutableDueToPolicy') {
          const next = 'allow protected append writes in its policy (allowProtectedAppendWrites)';
          const reason = 'the policy of the container lets nothing be added to what is there';
          throw new StorageError('Immutable', `${what} at ${this.#place.uri}: ${reason}; ${next}`);
        }
        throw explain(error, what, this.#place);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#http[Symbol.dispose]();
  }

  async #appendOnce(folder: string, lines: readonly Line[], abortSignal: AbortSignal): Promise<void> {
    const seen = this.#seen.get(folder) ?? (await this.#look(folder, abortSignal));
    const missing = lines.filter(({ index }) => index > seen.newest);
    const last = missing.at(-1);
    if (last !== undefined) {
      const block = Buffer.concat(missing.map(({ bytes }) => bytes));
      await seen.blob.appendBlock(block, block.length, { abortSignal, conditions: { appendPosition: seen.length } });
      this.#seen.set(folder, { ...seen, length: seen.length + block.length, newest: last.index });
    }
  }

  /** The blob of the hour that still takes something, made where there is none. */
  async #look(folder: string, abortSignal: AbortSignal): Promise<Seen> {
    let newest = -1;
    for (let part = 0; part < MOST_PARTS; part++) {
      const blob = this.#client.getAppendBlobClient(blobName(folder, part));
      const found = await propertiesOf(blob, abortSignal);
      if (found === undefined) {
        await blob.create({
          abortSignal,
          conditions: { ifNoneMatch: '*' },
          blobHTTPHeaders: { blobContentType: 'application/json' },
        });
        return { blob, length: 0, newest };
      }
      const { length, blocks } = found;
      newest = Math.max(newest, length === 0 ? -1 : newestIn(await tailOf(blob, length, abortSignal), this.#log));
      if (blocks < MOST_BLOCKS) return { blob, length, newest };
    }
    throw new StorageError(
      'Unavailable',
      `${blobName(folder, 0)} and ${MOST_PARTS - 1} more after it are full, it says`,
    );
  }
}

/** Undefined: there is none. */
async function propertiesOf(blob: AppendBlobClient, abortSignal: AbortSignal) {
  try {
    const { contentLength: length = 0, blobCommittedBlockCount: blocks = 0 } = await blob.getProperties({
      abortSignal,
    });
    return { length, blocks };
  } catch (error) {
    // That the container itself is missing is told by what comes next.
    if (error instanceof RestError && error.statusCode === 404) return undefined;
    throw error;
  }
}

async function tailOf(blob: AppendBlobClient, length: number, abortSignal: AbortSignal): Promise<Buffer> {
  const from = Math.max(0, length - LONGEST_LINE);
  const { readableStreamBody } = await blob.download(from, length - from, { abortSignal });
  const pieces: Buffer[] = [];
  let left = length - from;
  for await (const piece of (readableStreamBody ?? []) as AsyncIterable<Buffer>) {
    pieces.push(piece);
    left -= piece.length;
    if (left < 0) break; // which ends the connection
  }
  if (left === 0) return Buffer.concat(pieces);
  throw new RestError('the answer broke off', { code: 'ECONNRESET' });
}
