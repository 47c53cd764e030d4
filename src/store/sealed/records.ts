// Named records over an untrusted store: what features read and write. Opening verifies everything against the head.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import type { SealedHead } from './head.ts';

/** A change of one named record; `value` null deletes it. Values are UTF-8 JSON or raw bytes as their owner likes. */
export interface Change {
  readonly name: string;
  readonly value: Uint8Array | null;
}

/** The sealed head after a commit. */
export type Head = Pick<SealedHead, 'sequence' | 'hash' | 'generation'>;

/** What the sealed store needs of the module, which never gives it the sealing key. */
export type RecordSealer = ReturnType<typeof moduleSealer>;

export function moduleSealer(client: Pick<CryptoClient, 'send'>) {
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
 * applied. An empty plan commits nothing and resolves with the present head. A plan must not commit.
 * @throws StoreError; after `Unavailable` the commit may have happened, `refresh` brings whatever is true
 */
export type Commit = (plan: () => readonly Change[] | Promise<readonly Change[]>) => Promise<Head>;

/** Commits what is planned, and gives back what else the plan has found: of the one that was committed. */
export async function commitPlanned<T extends { readonly changes: readonly Change[] }>(
  commit: Commit,
  plan: () => T,
): Promise<T & { readonly head: Head }> {
  let planned: T | undefined;
  const head = await commit(() => {
    planned = plan();
    return planned.changes;
  });
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
  update(plan: Parameters<Commit>[0]): Promise<Head>;
}

/** Called for every record at opening (in no order), and for every change after (also those of other workers), in commit order. */
export type Apply = (change: Change) => void;

/** Asked of every commit, on the state that it is planned on: what is committed besides. */
export type GoesWith = (changes: readonly Change[]) => readonly Change[];
