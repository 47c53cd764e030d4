// The exact recipe by which a process of the module is started: what it may reach is decided here, and only taken away
// further once it runs (`module/drop-permissions.ts`). Pipes are its only way in and out.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export type PartitionProcess = ChildProcessByStdio<Writable, Readable, null>;

/** A partition that serves keys, or a process for one ceremony. */
export type ModuleKind = 'serving' | 'ceremony';

export interface PartitionPath {
  /** The only folder that the module can reach; made if missing. */
  readonly moduleFolder: string;
  /** The one file outside of its folder that a ceremony may read, and only while the module is locked: its passphrase. */
  readonly passphraseFile?: string | undefined;
  /** For the command that exchanges the seal of a stopped instance, in a ceremony; never of a service worker. */
  readonly mayChangeSeal?: boolean;
  /** libcrypto files to try instead of the system's. */
  readonly libraries?: readonly string[];
  /** More flags for node, before the entry. Tests put their probe here. */
  readonly nodeFlags?: readonly string[];
}

const SOURCE = realpathSync(fileURLToPath(new URL('../..', import.meta.url)));

const ENTRIES: Readonly<Record<ModuleKind, string>> = {
  serving: join(SOURCE, 'module', 'main.ts'),
  ceremony: join(SOURCE, 'module', 'ceremony', 'main.ts'),
};

export function partitionArguments(place: PartitionPath, kind: ModuleKind = 'serving') {
  const { moduleFolder, passphraseFile, mayChangeSeal = false, libraries = [], nodeFlags = [] } = place;
  const folder = realpathSync(moduleFolder);
  const passphraseFiles = kind === 'serving' || passphraseFile === undefined ? [] : [passphraseFile];
  const program = programPaths();
  return {
    // Core files of this process would hold keys. POSIX sh is the one place that can forbid them without native code. And whoever
    // wakes this process is not interrupted by it, where the system can do that (`links/spawn-child.ts`).
    command: '/bin/sh',
    args: [
      '-c',
      'ulimit -c 0; /usr/bin/chrt -b -p 0 $$ </dev/null >/dev/null 2>&1; exec "$@"',
      'module',
      process.execPath,
      '--permission',
      // For the libcrypto binding alone; given back before the first frame is read.
      '--allow-addons',
      ...program.map((path) => `--allow-fs-read=${path}`),
      `--allow-fs-read=${folder}`,
      `--allow-fs-write=${folder}`,
      ...passphraseFiles.map((path) => `--allow-fs-read=${path}`),
      '--disallow-code-generation-from-strings',
      '--disable-proto=throw',
      '--disable-sigusr1',
      // What strips types is compiled once, quickly: 80 ms of processor time and 14 MiB less. Nothing else is WebAssembly.
      '--liftoff-only',
      // A partition collects once what its start has left behind.
      '--expose-gc',
      '--no-experimental-ffi',
      // SQLite opens, makes and writes files without asking the permission model.
      '--no-experimental-sqlite',
      '--no-experimental-webstorage',
      '--no-warnings',
      ...nodeFlags,
      ENTRIES[kind],
      folder,
      ...program.map((path) => `--program=${path}`),
      ...libraries.map((path) => `--library=${path}`),
      ...passphraseFiles.map((path) => `--passphrase-file=${path}`),
      ...(kind === 'ceremony' && mayChangeSeal ? ['--may-change-seal'] : []),
    ],
  };
}

export function spawnPartition(place: PartitionPath, kind: ModuleKind = 'serving'): PartitionProcess {
  mkdirSync(place.moduleFolder, { recursive: true, mode: 0o700 });
  const { command, args } = partitionArguments(place, kind);
  // An empty environment: nothing that configures node, OpenSSL or the loader comes in.
  return spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: {}, cwd: '/' });
}

/** What must be readable for the program to load: its sources, the binding library, the files that say "modules". */
function programPaths(): string[] {
  const koffi = dirname(realpathSync(fileURLToPath(import.meta.resolve('koffi'))));
  return [
    join(SOURCE, 'module'),
    join(SOURCE, 'crypto'),
    join(SOURCE, 'formats'),
    join(SOURCE, 'files', 'durable-file.ts'),
    join(SOURCE, 'files', 'durable-file-sync.ts'),
    join(dirname(SOURCE), 'package.json'),
    koffi,
    join(dirname(koffi), '@koromix'),
  ];
}
