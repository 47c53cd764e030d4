// The log as the service sees it: append, and wait until it is durable. The recorder process owns the files.
import type { NamedHead } from '../../formats/named-head.ts';

/** One entry: the published AuditEvent record plus ours. Field names follow the service's own log (camelCase as there). */
export interface AuditEntry {
  readonly time: string;
  readonly resourceId: string;
  readonly operationName: string;
  readonly operationVersion: string;
  /** Administrative: of the management plane's log. */
  readonly category: 'AuditEvent' | 'Administrative';
  readonly resultType: 'Success' | 'Failed';
  readonly resultSignature: string;
  readonly resultDescription: string;
  readonly durationMs: number;
  readonly callerIpAddress: string;
  /** JSON text, as the service logs it. */
  readonly identity: string;
  readonly clientInfo: string;
  readonly correlationId: string;
  readonly httpStatusCode: number;
  readonly PoolName: string;
  readonly requestUri: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** Ours: what was asked of the roles, and what they said. */
  readonly dataAction?: string | undefined;
  readonly scope?: string | undefined;
  readonly decision?: 'allow' | 'deny' | 'unauthenticated' | undefined;
  /** Role assignment that allowed it. */
  readonly grant?: string | undefined;
  /** Versioned identifier path of the key used, `/keys/{name}/{version}`. */
  readonly key?: string | undefined;
  /** Present on the entry of every commit. */
  readonly storeHead?:
    | {
        readonly sequence: number;
        readonly hash: string;
        readonly generation?: number;
        /** So many entries are to name it; absent: one. */
        readonly entries?: number;
        /** So many of them are missing, and this one stands for them. */
        readonly unrecorded?: number;
      }
    | undefined;
}

export interface AuditLog extends AsyncDisposable {
  /** False while entries have waited for half of the time that they have, or nobody could be given any for as long. */
  readonly isRecording: boolean;
  /** Entries that are not durable yet. */
  readonly waiting: number;
  /**
   * Resolves when the entry (UTF-8 JSON of an AuditEntry, at most 65,535 bytes) is durable. Entries in flight when the
   * recorder dies are sent again to its successor and never stored twice.
   * @param headSequence the sequence of `storeHead` when the entry names one
   * @throws AuditError when it cannot be made durable: the caller must not answer the request
   */
  append(entry: string, headSequence?: number): Promise<void>;
  /** Newest store head named by durable entries of this log, and by how many. */
  newestHead(): Promise<NamedHead>;
  /** Whether the recorder counts them. */
  readonly countsEntries: boolean;
  /**
   * How many entries of the head are not durable, once those that may be on their way have had so many ms. Undefined: the log names
   * another head of that sequence. @throws AuditError
   */
  lacking(head: NamedHead, patience: number): Promise<number | undefined>;
  /** How many durable entries this log has, and the root of their tree. */
  tree(): Promise<{ readonly size: number; readonly root: Uint8Array }>;
}

export class AuditError extends Error {
  override readonly name = 'AuditError';
}

/** @throws AuditError with the reason when it takes longer */
export async function inTime<T>(promise: Promise<T>, timeout: number, reason: () => string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new AuditError(reason())), timeout);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
