// `resources.json`: read once at start; every change replaces it and is durable before anyone hears of it.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../files/durable-file.ts';
import type { OperationRecord, Requester } from './record/record-operations.ts';
import { parseResources, printResources, type Resources } from './resources.ts';

/** @param folder the control process's folder */
export function resourcesFile(folder: string): string {
  return join(folder, 'resources.json');
}

export async function readResourcesFile(folder: string): Promise<Resources> {
  return parseResources(await readFile(resourcesFile(folder), 'utf8'));
}

export async function writeResourcesFile(
  folder: string,
  resources: Resources,
  replace: typeof replaceFile = replaceFile,
): Promise<void> {
  await replace(resourcesFile(folder), printResources(resources));
}

/**
 * What is in the file, under a record of all that changes; that it was opened so is on record, too.
 * @param first makes what stands in it at the first start
 * @param check of what is found @throws Error
 */
export async function openRecordedBook(
  { folder, replaceFile: replace }: { readonly folder: string; readonly replaceFile?: typeof replaceFile },
  acts: OperationRecord,
  first: () => Resources,
  check: (found: Resources) => void,
): Promise<ResourceStore> {
  if (!existsSync(resourcesFile(folder))) await writeResourcesFile(folder, first(), replace);
  const found = await readResourcesFile(folder);
  check(found);
  // Who cannot be told of a start is told of no change either, and nothing else waits for it.
  acts.started(found).catch(() => undefined);
  return new ResourceStore(
    found,
    (changed) => writeResourcesFile(folder, changed, replace),
    (...change) => acts.changed(...change),
  );
}

/** The records in memory and on disk. Changes happen one after the other, each seeing what the one before made. */
export class ResourceStore {
  #current: Resources;
  #last: Promise<unknown> = Promise.resolve();
  readonly #save: (resources: Resources) => Promise<void>;
  readonly #record: OperationRecord['changed'];

  /** @param record has each change on record before it is in force */
  constructor(resources: Resources, save: (resources: Resources) => Promise<void>, record: OperationRecord['changed']) {
    this.#current = resources;
    this.#save = save;
    this.#record = record;
  }

  get current(): Resources {
    return this.#current;
  }

  /** What `change` throws, and a failed entry or write, leave everything as it was. */
  update<T>(
    by: Requester,
    change: (resources: Resources) => { readonly resources: Resources; readonly result: T },
  ): Promise<T> {
    const next = this.#last.then(async () => {
      const { resources, result } = change(this.#current);
      if (resources !== this.#current) {
        await this.#record(by, this.#current, resources);
        await this.#save(resources);
      }
      this.#current = resources;
      return result;
    });
    // The caller hears of the failure; the changes after it go on.
    this.#last = next.catch(() => {});
    return next;
  }
}
