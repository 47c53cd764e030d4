// The recorder: the log, the socket its workers connect to, and the clock that asks for checkpoints.

import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { lockFile } from '../files/file-lock.ts';
import type { Worker } from './batch.ts';
import { Checkpointer, type Signer } from './checkpointer.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { type Disk, realDisk } from './disk.ts';
import type { Log } from './log.ts';
import { openLog } from './open-log.ts';
import { isPlainEntry } from './plain-entry.ts';
import { LogDamaged } from './read-journal.ts';

/** Above this, workers wait before they send more; below the half of it they go on. */
const MAX_QUEUED_BYTES = 4 * 1024 * 1024;
const MAX_CONNECTIONS = 256;
const SEGMENT_LENGTH = 8 * 1024 * 1024;
/** Time between checkpoints while there is traffic. */
const CHECKPOINT_INTERVAL = 1000;
/** How long to wait for a predecessor that is being killed. */
const PREDECESSOR_MS = 1500;

export interface RecorderOptions {
  readonly folder: string;
  readonly socketPath: string;
  /** Name of the log: `strongroom/<instance id>`. */
  readonly origin: string;
  /** One sentence for the operator: repairs, refused connections, checkpoints that could not be had. */
  readonly report: (sentence: string) => void;
  /** Who has checkpoints signed, and the size of the newest that was; absent: whichever worker is connected, which knows that. */
  readonly signer?: (Signer & { readonly signedSize: number }) | undefined;
  readonly disk?: Disk;
  readonly segmentLength?: number;
  readonly checkpointInterval?: number;
}

export interface Recorder extends AsyncDisposable {
  readonly size: number;
}

/** Resolves when workers can connect. @throws LogDamaged, or Error when another recorder has the folder */
export async function startRecorder(options: RecorderOptions): Promise<Recorder> {
  const { folder, signer, disk = realDisk, segmentLength = SEGMENT_LENGTH } = options;
  disk.makeFolder(folder);
  const lock = lockFile(join(folder, 'lock'), PREDECESSOR_MS);
  if (lock === undefined) throw new Error(`another recorder has ${folder} open`);
  try {
    const log = await openLog({ ...options, disk, segmentLength });
    // Before anybody is connected: what grew again would be as long as the one that was cut.
    if (signer !== undefined && log.size < signer.signedSize) {
      throw new LogDamaged(
        `${folder} holds ${log.size} entries, while a log of ${signer.signedSize} was signed: it was cut or exchanged`,
      );
    }
    return await serve(log, lock, options);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

async function serve(log: Log, lock: Disposable, options: RecorderOptions): Promise<Recorder> {
  const { folder, socketPath, report, signer, checkpointInterval = CHECKPOINT_INTERVAL } = options;
  const connections = new Set<Connection>();
  const signers = (): Signer[] =>
    signer === undefined ? [...connections].filter((connection) => connection.open) : [signer];
  const checkpointer = new Checkpointer(log, folder, signers);
  const paused = new Set<Connection>();
  log.onProgress = () => {
    if (paused.size === 0 || log.queuedBytes > MAX_QUEUED_BYTES / 2) return;
    for (const connection of paused) connection.resume();
    paused.clear();
  };
  const owner: ConnectionOwner = {
    log,
    // A log that is not its senders' to sign is not theirs to spoil either.
    takes: signer === undefined ? undefined : isPlainEntry,
    report,
    opened(connection, worker: Worker) {
      for (const other of connections) if (other !== connection && other.worker === worker) other.destroy();
    },
    leaving: () => checkpointer.run(),
    closed(connection) {
      connections.delete(connection);
      paused.delete(connection);
    },
  };
  const server = createServer((socket) => {
    const connection = new Connection(socket, owner);
    connections.add(connection);
    socket.on('data', () => {
      if (log.queuedBytes <= MAX_QUEUED_BYTES) return;
      connection.pause();
      paused.add(connection);
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  rmSync(socketPath, { force: true });
  await once(server.listen(socketPath), 'listening');

  let complaint = '';
  const tick = async (): Promise<void> => {
    try {
      if (log.size > log.checkpointSize && signers().length > 0) await checkpointer.run();
      else await log.tidy();
      complaint = '';
    } catch (error) {
      const sentence = `no new checkpoint: ${error instanceof Error ? error.message : String(error)}`;
      if (sentence !== complaint) report(sentence);
      complaint = sentence;
    }
  };
  let ticking: Promise<void> | undefined;
  const timer = setInterval(() => {
    // Also while a worker takes its time to sign.
    log.tellAll();
    ticking ??= tick().finally(() => {
      ticking = undefined;
    });
  }, checkpointInterval);

  return {
    get size() {
      return log.size;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      const stopped = new Promise((resolve) => server.close(resolve));
      await ticking;
      await tick();
      for (const connection of connections) connection.destroy();
      await stopped;
      await checkpointer.settled();
      try {
        await log[Symbol.asyncDispose]();
      } finally {
        lock[Symbol.dispose]();
      }
    },
  };
}
