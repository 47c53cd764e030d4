// Named records over an untrusted store: what features read and write. Opening verifies everything against the head.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import type { NamedHead } from '../../formats/named-head.ts';
import type { SealedHead } from './head.ts';

/** A change of one named record; `value` null deletes it. Values are UTF-8 JSON or raw bytes as their owner likes. */
export interface Change {
  readonly name: string;
  readonly value: Uint8Array | null;
}

/** The sealed head after a commit, which changes of others may share. */
export interface Head extends Pick<SealedHead, 'sequence' | 'hash' | 'generation'> {
  /** How many entries of the audit log are to name it; absent: one. 0: none of whoever is given it, who has changed nothing or said so. */
  readonly entries?: number;
}

/** As the audit log is to name it. */
export function onRecord(head: Head | undefined): Head | undefined {
  return head?.entries === 0 ? undefined : head;
}

/** What the sealed store needs of the module, which never gives it the sealing key. */
export type RecordSealer = ReturnType<typeof moduleSealer>;

/** All changes, and all who look for them, wait for one answer: of a partition that stands still it is not waited for, the one with the least to do is asked. */
const ASKED_AGAIN_MS = 1_000;

function another<T>(ask: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => void ask().then(resolve, reject), ASKED_AGAIN_MS);
    // Every record of a start passes here: without a promise more.
    const ending =
      <A>(settle: (answer: A) => void) =>
      (answer: A): void => {
        clearTimeout(timer);
        settle(answer);
      };
    ask().then(ending(resolve), ending(reject));
  });
}

export function moduleSealer(module: Pick<CryptoClient, 'send'>) {
  const client: typeof module = { send: (name, request) => another(() => module.send(name, request)) };
  return {
    /** Any record but the head. */
    seal: (name: string, revision: number, value: Uint8Array) => client.send('sealRecord', { name, revision, value }),
    /** The head's record; `previous` is the sealed one of the sequence before, empty for the first. */
    sealHead: ({ sequence, hash, records }: SealedHead, previous: Uint8Array) =>
      client.send('sealHead', { revision: sequence, hash, records, previous }),
    /** @throws CryptoError RecordRefused; StateRefused: the store knows of a newer state than the module has */
    open: (key: Uint8Array, revision: number, sealed: Uint8Array) =>
      client.send('openRecord', { key, revision, sealed }),
    noteHead: async (revision: number, key: Uint8Array, sealed: Uint8Array): Promise<void> => {
      await client.send('noteHead', { revision, key, sealed });
    },
  };
}

/**
 * Makes a change, serialised read-modify-write: `plan` is called on current state (after a refresh) and may be called again
 * if another worker commits first; it returns the changes, or throws a refusal. Resolves when the commit is durable and
 * applied. An empty plan commits nothing and resolves with the present head. A plan must not commit, and not wait: what is asked
 * for at the same time is planned one after the other, each on the state after those before it, and shares a commit. The caller
 * sees to it that entries of the audit log name the head: before they all do, nobody commits upon it.
 * @param entries of that log for what was planned; one, unless it says otherwise
 * @throws StoreError; after `Unavailable` the commit may have happened, `refresh` brings whatever is true
 */
export type Commit = (plan: () => readonly Change[], entries?: EntriesOf) => Promise<Head>;
export type EntriesOf = (planned: readonly Change[]) => number;
/** For what is part of an act that has its entry with another commit, or none. */
export const NO_ENTRY: EntriesOf = () => 0;

/** Commits what is planned, and gives back what else the plan has found: of the one that was committed. */
export async function commitPlanned<T extends { readonly changes: readonly Change[] }>(
  commit: Commit,
  plan: () => T,
  entries?: EntriesOf,
): Promise<T & { readonly head: Head }> {
  let planned: T | undefined;
  const head = await commit(() => {
    planned = plan();
    return planned.changes;
  }, entries);
  if (planned === undefined) throw new Error('the commit resolved without asking for the plan');
  return { ...(planned as T), head };
}

export interface Records extends AsyncDisposable {
  readonly head: Head;
  /**
   * Makes sure that every commit acknowledged before the call is applied. Synchronous (`undefined`) when nothing
   * changed, which is the usual case on the request path.
   */
  refresh(): Promise<void> | undefined;
  /** For what the service does by itself; what somebody asked for is committed with that caller's right. */
  readonly update: Commit;
}

/** What the audit log has of the store's heads. */
export interface HeadLog {
  /** Without it no two changes share a commit: nobody could tell whether the entries of both are there. */
  readonly countsEntries: boolean;
  /** Resolves once all entries of the head are on record. @throws StoreError Refused when the log names another head of that sequence */
  settle(head: NamedHead): Promise<void>;
}

/** Called for every record at opening (in no order), and for every change after (also those of other workers), in commit order. */
export type Apply = (change: Change) => void;

/** Asked of every commit, on the state that it is planned on: what is committed besides. */
export type GoesWith = (changes: readonly Change[]) => readonly Change[];

/**
 * Lets memory be as if these were committed, and answers what takes them back; undefined where that cannot be. What it throws is the
 * changes' fault, and nothing of them is left; or `NotTakenBack`.
 */
export type Attempt = (changes: readonly Change[]) => (() => void) | undefined;

/** What was only tried is in memory for good, which is therefore of no more use. */
export class NotTakenBack extends Error {
  override readonly name = 'NotTakenBack';
}
