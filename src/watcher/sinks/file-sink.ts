// An append-only file of JSON lines. It is opened for each batch, so that one who rotates it by moving it away needs to tell nobody,
// and only ever added to, so that it may be one that cannot be changed otherwise (`chattr +a`). Only whole lines count: what a full
// disk or a crash left of one is closed by a line break, and the entry comes again.
import { constants, type FileHandle, open } from 'node:fs/promises';
import type { SinkConfigOf } from '../../deployment/sinks.ts';
import { jsonLine } from './json-line.ts';
import type { Delivery, LogEntry, Sink, SinkSurroundings } from './sink.ts';

// Node's permission model refuses `fsync`: each write is through. File systems that are used for this make the name of a new
// file durable with its first such write.
const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR, O_SYNC } = constants;
const APPENDING = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_SYNC;
const OWNER_ONLY = 0o600;
const LINE_BREAK = Buffer.from('\n');

/** Other logs' sinks may write to the same file: to see how it ends and to add to it is one. By path. */
const turns = new Map<string, Promise<unknown>>();

function inTurn<T>(path: string, act: () => Promise<T>): Promise<T> {
  const turn = (turns.get(path) ?? Promise.resolve()).then(act);
  turns.set(
    path,
    turn.catch(() => undefined),
  );
  return turn;
}

export function fileSink({ path }: SinkConfigOf<'file'>, { log }: Pick<SinkSurroundings, 'log'>): Sink {
  return {
    send: (entries) => inTurn(path, () => append(entries)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };

  async function append(entries: readonly LogEntry[]): Promise<Delivery> {
    let file: FileHandle | undefined;
    try {
      file = await open(path, APPENDING, OWNER_ONLY);
      const found = await file.stat();
      if (!found.isFile()) return { outcome: 'failed', why: 'it is no file' };
      const isTorn = found.size > 0 && !(await endsLine(file, found.size));
      const whole = Buffer.concat([
        ...(isTorn ? [LINE_BREAK] : []),
        ...entries.flatMap((entry) => jsonLine(log, entry)),
      ]);
      const { bytesWritten } = await file.write(whole);
      return bytesWritten === whole.length ? { outcome: 'taken' } : { outcome: 'failed', why: 'the disk is full' };
    } catch (error) {
      return {
        outcome: 'failed',
        why: `it cannot be written: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`,
      };
    } finally {
      await file?.close().catch(() => undefined); // what it has to say was said when it was written
    }
  }
}

async function endsLine(file: FileHandle, size: number): Promise<boolean> {
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.equals(LINE_BREAK);
}
