// Backups in a container of a blob service, each in a virtual folder of its own. Works unchanged where the container has an
// immutability policy: nothing is written over, and what may not be taken away stays.
import { randomBytes } from 'node:crypto';
import { ContainerClient, RestError } from '@azure/storage-blob';
import type { BackupCatalog, CatalogEntry } from '../backup-catalog.ts';
import { MARKER, MARKER_TEXT } from '../finished-marker.ts';
import type { IdentityTokens } from '../identity/identity-tokens.ts';
import { StorageError, type StoredFile } from '../port.ts';
import { type Circumstances, explain } from './explain.ts';
import { BlobHttpClient, type RecoveryMargin } from './http-client.ts';
import { blobPipeline } from './pipeline.ts';
import { BLOCK_BYTES, writeBlob } from './write-blob.ts';

export interface Attempts {
  readonly count: number;
  readonly delayMs: number;
  readonly deadlineMs: number;
}

export interface BlobTarget {
  readonly container: URL;
  /** A SAS token's text, or an identity. */
  readonly credential: { readonly sas: string } | { readonly identity: IdentityTokens };
  readonly keepsAll: boolean;
  readonly reach: Omit<RecoveryMargin, 'origin' | 'deadlineMs' | 'stopping'>;
  readonly attempts: Attempts;
  readonly stopping: AbortSignal;
  readonly whyRefused: Circumstances['whyRefused'];
  readonly accessHint: string;
}

export function openBlobStorage(place: BlobTarget): BackupCatalog {
  const { attempts, container, credential, stopping } = place;
  const uri = container.href.replace(/\/$/, '');
  const http = new BlobHttpClient({
    ...place.reach,
    origin: container.origin,
    deadlineMs: attempts.deadlineMs,
    stopping,
  });
  const pipeline = blobPipeline('identity' in credential ? credential.identity : undefined, {
    httpClient: http,
    retryOptions: {
      maxTries: attempts.count,
      retryDelayInMs: attempts.delayMs,
      maxRetryDelayInMs: 10 * attempts.delayMs,
    },
    userAgentOptions: { userAgentPrefix: 'strongroom' },
  });
  const client = new ContainerClient('sas' in credential ? `${uri}?${credential.sas}` : uri, pipeline);
  return new BlobStorage(client, http, place.keepsAll, {
    uri,
    attempts: attempts.count,
    whyRefused: place.whyRefused,
    accessHint: place.accessHint,
    stopping,
  });
}

class BlobStorage implements BackupCatalog {
  readonly #client: ContainerClient;
  readonly #http: BlobHttpClient;
  readonly #keepsAll: boolean;
  readonly #at: Circumstances;
  readonly #finished = new Set<string>();
  /** Folders seen to be unfinished when their first file was written. */
  readonly #begun = new Set<string>();

  constructor(client: ContainerClient, http: BlobHttpClient, keepsAll: boolean, at: Circumstances) {
    this.#client = client;
    this.#http = http;
    this.#keepsAll = keepsAll;
    this.#at = at;
  }

  get uri(): string {
    return this.#at.uri;
  }

  async write(folder: string, name: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    if (name === MARKER) throw new StorageError('Exists', `the name '${MARKER}' is the storage's own`);
    const what = `writing '${folder}/${name}'`;
    if (!this.#begun.has(folder)) {
      if (await this.#hasMarkerAsFarAsSeen(folder)) throw this.#finishedAlready(folder);
      this.#begun.add(folder);
    }
    await this.#try(what, () => writeBlob(this.#client.getBlockBlobClient(`${folder}/${name}`), content));
  }

  async *read(folder: string, name: string): AsyncIterable<Uint8Array> {
    await this.#requireFinished(folder);
    const what = `reading '${folder}/${name}'`;
    const blob = this.#client.getBlobClient(`${folder}/${name}`);
    const { contentLength = 0, etag = '' } = await this.#try(what, () => blob.getProperties());
    for (let at = 0; at < contentLength; at += BLOCK_BYTES) {
      const count = Math.min(BLOCK_BYTES, contentLength - at);
      // The same blob for all its ranges, and one range at a time: neither a slow service nor a large blob is held in memory.
      const options = { conditions: { ifMatch: etag }, maxRetryRequests: this.#at.attempts };
      yield await this.#try(what, async () => {
        const { readableStreamBody } = await blob.download(at, count, options);
        return gather(readableStreamBody as AsyncIterable<Buffer> | undefined, count, what);
      });
    }
  }

  async *list(folder: string): AsyncIterable<StoredFile> {
    await this.#requireFinished(folder);
    const prefix = `${folder}/`;
    const pages = this.#client.listBlobsFlat({ prefix }).byPage({ maxPageSize: 1000 });
    for (;;) {
      const page = await this.#try(`listing '${folder}'`, () => pages.next());
      if (page.done === true) return;
      for (const { name, properties } of page.value.segment.blobItems) {
        const inside = name.slice(prefix.length);
        if (inside !== MARKER) yield { name: inside, bytes: properties.contentLength ?? 0 };
      }
    }
  }

  async *folders(): AsyncIterable<CatalogEntry> {
    const pages = this.#client.listBlobsByHierarchy('/').byPage({ maxPageSize: 1000 });
    for (;;) {
      const page = await this.#try('listing', () => pages.next());
      if (page.done === true) return;
      for (const { name } of page.value.segment.blobPrefixes ?? []) {
        const folder = name.slice(0, -1);
        yield { folder, finished: await this.#hasMarker(folder) };
      }
    }
  }

  async finish(folder: string): Promise<void> {
    await this.#try(`finishing '${folder}'`, () =>
      writeBlob(this.#client.getBlockBlobClient(`${folder}/${MARKER}`), MARKER_TEXT),
    );
    this.#finished.add(folder);
  }

  async abandon(folder: string): Promise<void> {
    if (this.#keepsAll || (await this.#hasMarkerAsFarAsSeen(folder))) return;
    const what = `taking away what '${folder}' has`;
    try {
      const names: string[] = [];
      await this.#try(what, async () => {
        for await (const { name } of this.#client.listBlobsFlat({ prefix: `${folder}/` })) names.push(name);
      });
      // A token that may list but not read sees here that it is finished.
      if (names.includes(`${folder}/${MARKER}`)) return;
      for (const name of names) await this.#try(what, () => this.#client.getBlobClient(name).deleteIfExists());
    } catch (error) {
      if (!isKept(error)) throw error;
    }
  }

  async checkWritable(): Promise<void> {
    const blob = this.#client.getBlockBlobClient(`write-check-${randomBytes(8).toString('hex')}`);
    await this.#try('writing', () =>
      writeBlob(blob, new TextEncoder().encode('strongroom: a backup can be written here\n')),
    );
    if (this.#keepsAll) return;
    try {
      await this.#try('taking away', () => blob.deleteIfExists());
    } catch (error) {
      if (!isKept(error)) throw error;
    }
  }

  async checkReadable(folder: string): Promise<void> {
    this.#finished.delete(folder);
    await this.#requireFinished(folder);
    for await (const { name, bytes } of this.list(folder)) {
      const blob = this.#client.getBlobClient(`${folder}/${name}`);
      const count = Math.min(1, bytes);
      if (count > 0) await this.#try(`reading '${folder}/${name}'`, () => blob.downloadToBuffer(0, count));
      return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http[Symbol.dispose]();
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

  #finishedAlready(folder: string): StorageError {
    return new StorageError(
      'Exists',
      `'${folder}' at ${this.uri} is a finished backup, which nothing is added to; use another folder`,
    );
  }

  async #try<Result>(what: string, act: () => Promise<Result>): Promise<Result> {
    try {
      return await act();
    } catch (error) {
      throw explain(error, what, this.#at);
    }
  }
}

/** The place does not let go of what it was given: its policy, or our permissions. */
function isKept(error: unknown): boolean {
  return error instanceof StorageError && (error.code === 'Immutable' || error.code === 'AccessDenied');
}

async function gather(stream: AsyncIterable<Buffer> | undefined, length: number, what: string): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of stream ?? []) pieces.push(piece);
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
