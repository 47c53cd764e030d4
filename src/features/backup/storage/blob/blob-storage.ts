// Backups in a container of a blob service, each in a virtual folder of its own. Works unchanged where the container has an
// immutability policy: nothing is written over, and what may not be taken away stays.
import { randomBytes } from 'node:crypto';
import { type BlockBlobClient, type ContainerClient, RestError } from '@azure/storage-blob';
import { type BackupStorage, MARKER, MARKER_TEXT, rejectMarker, StorageError, type StoredFolder } from '../port.ts';
import { type BlobPlace, codeOf, explain } from './explain.ts';
import type { BlobHttpClient } from './http-client.ts';
import { openContainer } from './open-container.ts';

/** So that a repeated request can tell its own first attempt, whose answer was lost, from somebody else's blob. */
const WRITER = 'strongroomwrite';

export class BlobStorage implements BackupStorage {
  readonly uri: string;
  readonly #place: BlobPlace;
  readonly #http: BlobHttpClient;
  readonly #client: ContainerClient;
  readonly #finished = new Set<string>();
  /** Folders seen to be unfinished when their first file was written. */
  readonly #begun = new Set<string>();

  constructor(place: BlobPlace) {
    this.uri = place.uri;
    this.#place = place;
    ({ http: this.#http, client: this.#client } = openContainer(place));
  }

  async write(folder: string, name: string, content: Uint8Array): Promise<void> {
    rejectMarker(name);
    if (!this.#begun.has(folder)) {
      if (await this.#hasMarkerAsFarAsSeen(folder)) {
        throw new StorageError(
          'Exists',
          `'${folder}' at ${this.uri} is a finished backup, which nothing is added to; use another folder`,
        );
      }
      this.#begun.add(folder);
    }
    await this.#put(`writing '${folder}/${name}'`, `${folder}/${name}`, content);
  }

  async read(folder: string, name: string, limit: number): Promise<Buffer> {
    await this.#requireFinished(folder);
    const what = `reading '${folder}/${name}'`;
    return this.#try(what, async () => {
      try {
        const blob = this.#client.getBlobClient(`${folder}/${name}`);
        // Should the library ask for the rest of an answer that broke off, then of the very same blob.
        const options = { maxRetryRequests: this.#place.attempts.count };
        const { readableStreamBody, contentLength = 0 } = await blob.download(0, limit, options);
        return await gather(readableStreamBody as AsyncIterable<Buffer> | undefined, contentLength, limit, what);
      } catch (error) {
        // There is no first byte.
        if (error instanceof RestError && error.statusCode === 416) return Buffer.alloc(0);
        throw error;
      }
    });
  }

  async *list(folder: string): ReturnType<BackupStorage['list']> {
    await this.#requireFinished(folder);
    const prefix = `${folder}/`;
    const pages = this.#client.listBlobsFlat({ prefix }).byPage({ maxPageSize: 1000 });
    for await (const page of this.#pages(`listing '${folder}'`, pages)) {
      for (const { name, properties } of page.segment.blobItems) {
        const inside = name.slice(prefix.length);
        if (inside !== MARKER) yield { name: inside, bytes: properties.contentLength ?? 0 };
      }
    }
  }

  async *folders(): AsyncIterable<StoredFolder> {
    const pages = this.#client.listBlobsByHierarchy('/').byPage({ maxPageSize: 1000 });
    for await (const page of this.#pages('listing', pages)) {
      for (const { name } of page.segment.blobPrefixes ?? []) {
        const folder = name.slice(0, -1);
        yield { folder, finished: await this.#hasMarker(folder) };
      }
    }
  }

  async finish(folder: string): Promise<void> {
    await this.#put(`finishing '${folder}'`, `${folder}/${MARKER}`, MARKER_TEXT);
    this.#finished.add(folder);
  }

  async abandon(folder: string): Promise<void> {
    if (this.#place.keepsAll || (await this.#hasMarkerAsFarAsSeen(folder))) return;
    const what = `taking away what '${folder}' has`;
    await unlessKept(async () => {
      const blobs = await this.#try(what, () =>
        Array.fromAsync(this.#client.listBlobsFlat({ prefix: `${folder}/` }), ({ name }) => name),
      );
      // A token that may list but not read sees here that it is finished.
      if (blobs.includes(`${folder}/${MARKER}`)) return;
      for (const name of blobs) await this.#try(what, () => this.#client.getBlobClient(name).deleteIfExists());
    });
  }

  async checkWritable(): Promise<void> {
    const name = `write-check-${randomBytes(8).toString('hex')}`;
    await this.#put('writing', name, new TextEncoder().encode('strongroom: a backup can be written here\n'));
    if (this.#place.keepsAll) return;
    await unlessKept(() => this.#try('taking away', () => this.#client.getBlobClient(name).deleteIfExists()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http[Symbol.dispose]();
  }

  /** A blob that is not there yet: it appears whole or not at all, and nothing that exists is ever written over. */
  async #put(what: string, name: string, content: Uint8Array): Promise<void> {
    const blob = this.#client.getBlockBlobClient(name);
    const writer = randomBytes(16).toString('hex');
    await this.#try(what, async () => {
      try {
        const conditions = { ifNoneMatch: '*' };
        await blob.upload(content, content.length, { conditions, metadata: { [WRITER]: writer } });
      } catch (error) {
        if (!(error instanceof RestError && TAKEN.has(codeOf(error)))) throw error;
        if (await isWrittenBy(blob, writer)) return;
        // Services name the failed condition or their policy, whichever they look at first; both say that the name is taken.
        throw new RestError('the name is taken', { statusCode: 409, code: 'BlobAlreadyExists' });
      }
    });
  }

  async #requireFinished(folder: string): Promise<void> {
    if (this.#finished.has(folder)) return;
    if (!(await this.#hasMarker(folder))) {
      const what = `reading '${folder}'`;
      const pages = this.#client.listBlobsFlat({ prefix: `${folder}/` }).byPage({ maxPageSize: 1 });
      const page = await this.#try(what, () => pages.next());
      if (page.done === true || page.value.segment.blobItems.length === 0) {
        throw new StorageError(
          'NotFound',
          `${what} at ${this.uri}: there is no such backup; list the container for the names of backups`,
        );
      }
      throw new StorageError('Incomplete', `${what} at ${this.uri}: the backup was never finished; use another one`);
    }
    this.#finished.add(folder);
  }

  async #hasMarker(folder: string): Promise<boolean> {
    const blob = this.#client.getBlobClient(`${folder}/${MARKER}`);
    return this.#try(`reading '${folder}'`, async () => {
      try {
        await blob.getProperties();
        return true;
      } catch (error) {
        // A HEAD has no body: that the container itself is missing is told by what comes next.
        if (error instanceof RestError && error.statusCode === 404) return false;
        throw error;
      }
    });
  }

  /** A token that may only write sees nothing; the service still writes nothing over. */
  async #hasMarkerAsFarAsSeen(folder: string): Promise<boolean> {
    try {
      return await this.#hasMarker(folder);
    } catch (error) {
      if (error instanceof StorageError && error.code === 'AccessDenied') return false;
      throw error;
    }
  }

  async *#pages<Page>(what: string, pages: AsyncIterator<Page>): AsyncIterable<Page> {
    for (;;) {
      const page = await this.#try(what, () => pages.next());
      if (page.done === true) return;
      yield page.value;
    }
  }

  async #try<Result>(what: string, act: () => Promise<Result>): Promise<Result> {
    try {
      return await act();
    } catch (error) {
      throw explain(error, what, this.#place);
    }
  }
}

/** The place may not let go of what it was given: its policy, or our permissions. */
async function unlessKept(takeAway: () => Promise<unknown>): Promise<void> {
  try {
    await takeAway();
  } catch (error) {
    if (!(error instanceof StorageError && (error.code === 'Immutable' || error.code === 'AccessDenied'))) throw error;
  }
}

/** @param limit what was asked for: a storage that gives more is not listened to any longer */
async function gather(
  stream: AsyncIterable<Buffer> | undefined,
  length: number,
  limit: number,
  what: string,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let came = 0;
  try {
    for await (const piece of stream ?? []) {
      came += piece.length;
      if (came > limit) throw new StorageError('Damaged', `${what}: the storage gives more than it was asked for`);
      pieces.push(piece);
    }
  } catch (error) {
    if (error instanceof StorageError || error instanceof RestError) throw error;
    throw new RestError('the answer broke off', { code: (error as NodeJS.ErrnoException).code ?? 'ECONNRESET' });
  }
  const whole = Buffer.concat(pieces);
  if (whole.length !== length) {
    throw new StorageError(
      'Damaged',
      `${what}: ${whole.length} bytes came where the storage had announced ${length}; try again`,
    );
  }
  return whole;
}

const TAKEN = new Set(['BlobAlreadyExists', 'BlobImmutableDueToPolicy', 'ConditionNotMet']);

async function isWrittenBy(blob: BlockBlobClient, writer: string): Promise<boolean> {
  try {
    return (await blob.getProperties()).metadata?.[WRITER] === writer;
  } catch {
    return false; // a token that may not read: then the refusal of the write itself is reported
  }
}
