// An audit log in memory, for what only has to put something on record; it fails on demand.
import { NO_HEAD } from '../../src/formats/named-head.ts';
import { type AuditEntry, AuditError, type AuditLog } from '../../src/links/recorder/audit-log.ts';

export interface MemoryAudit extends AuditLog {
  readonly entries: readonly AuditEntry[];
  /** Nothing can be made durable while it is true. */
  fails: boolean;
}

export function memoryAudit(): MemoryAudit {
  const entries: AuditEntry[] = [];
  return {
    entries,
    fails: false,
    get isRecording() {
      return !this.fails;
    },
    async append(entry) {
      if (this.fails) throw new AuditError('no space is left');
      entries.push(JSON.parse(entry) as AuditEntry);
    },
    newestHead: () => Promise.resolve(NO_HEAD),
    waiting: 0,
    countsEntries: true,
    lacking: () => Promise.resolve(0),
    tree: () => Promise.resolve({ size: entries.length, root: Buffer.alloc(32) }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
