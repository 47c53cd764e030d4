// A directory as a place for backups that fails, or waits, where a test wants it to.
import { DirectoryStorage } from '../../src/features/backup/storage/directory/directory-storage.ts';
import type { BackupStorage, OpenStorage } from '../../src/features/backup/storage/port.ts';

export interface FaultyStorage {
  readonly open: OpenStorage;
  /** Asked before each write and read; throws, or resolves when it may go on. */
  before: (act: 'write' | 'read' | 'finish', name: string) => Promise<void> | void;
  /** Of whoever opened it last: aborted when that is to stop. */
  stopping: AbortSignal;
}

export function faultyStorage(folder: string): FaultyStorage {
  const faulty: FaultyStorage = {
    before: () => undefined,
    stopping: new AbortController().signal,
    async open({ storageResourceUri: uri }, stopping): Promise<BackupStorage> {
      faulty.stopping = stopping;
      const real = new DirectoryStorage({ uri, root: folder, keepsAll: false, stopping });
      return {
        uri,
        async write(place, name, content) {
          await faulty.before('write', name);
          await real.write(place, name, content);
        },
        async read(place, name, limit) {
          await faulty.before('read', name);
          return real.read(place, name, limit);
        },
        list: (place) => real.list(place),
        async finish(place) {
          await faulty.before('finish', '');
          await real.finish(place);
        },
        abandon: (place) => real.abandon(place),
        checkWritable: () => real.checkWritable(),
        folders: () => real.folders(),
        [Symbol.asyncDispose]: () => real[Symbol.asyncDispose](),
      };
    },
  };
  return faulty;
}
