// Where entries are looked for: in the files of a log, with its index where it has one, or at an instance that is asked for them.
import { setTimeout as delay } from 'node:timers/promises';
import { FollowedEntries } from '../../../features/audit/follow-entries.ts';
import { openIndexWriter } from '../../../features/audit/index/catch-up.ts';
import { type AuditFilter, type GivenFilter, matcherOf } from '../../../features/audit/index/filter.ts';
import {
  type IndexFile,
  indexPlace,
  openIndexFile,
  removeIndexFile,
  toIndexError,
} from '../../../features/audit/index/index-file.ts';
import { indexedEntry } from '../../../features/audit/index/indexed-entry.ts';
import { IndexError } from '../../../features/audit/index/sealed.ts';
import { type Hit, type SearchRange, searchLog } from '../../../features/audit/index/search.ts';
import { readOperations } from '../../../features/audit/index/usage.ts';
import { parseEntry } from '../../../features/audit/logged-call.ts';
import { openEntries } from '../../../features/audit/read-entries.ts';
import { ownCommand } from '../../../formats/own-command.ts';
import { integer, list, type Reader } from '../../../formats/shape.ts';
import { CommandError } from '../../command.ts';
import { type AskingClient, jsonOf, readAnswer } from '../../instance-client.ts';

export interface FoundEntry {
  readonly index: number;
  readonly entry: Readonly<Record<string, unknown>>;
}

export interface AuditSource {
  search(range: SearchRange): AsyncIterable<FoundEntry>;
  /** Those from this index on, as they come; never ends. */
  follow(from: number): AsyncIterable<FoundEntry>;
  /** Entries that there are now; of an instance that was asked already, as many as it said: to ask is an entry itself. */
  size(): Promise<number>;
  /** Names of operations that the log has, where it is at hand. */
  operations(): Promise<readonly string[]>;
}

/** A log that is read in a moment has no index. */
const LEAST_INDEXED = 16_384;
const SAY_EVERY_MS = 1_000;
const LOOK_EVERY_MS = 250;
/** Each look is a request, and so an entry. */
const ASK_EVERY_MS = 5_000;

interface LocalLog {
  readonly folder: string;
  /** The folder of indexes; absent: of a log that is somewhere else. */
  readonly indexes: string | undefined;
  /** The log, as options. */
  readonly words: string;
}

/** @param say to a person, one line */
export function localSource(
  { folder, indexes, words }: LocalLog,
  filter: AuditFilter,
  say: (what: string) => void,
): AuditSource {
  const matcher = matcherOf(filter);
  const isFiltered = Object.values(filter).some((each) => each !== undefined);
  const shown = ({ index, bytes }: Hit): FoundEntry => {
    const entry = parseEntry(bytes.toString('utf8'));
    if (entry !== undefined) return { index, entry };
    throw new CommandError(`entry ${index} is not an audit entry; run ${ownCommand(`audit verify${words}`)}`);
  };
  const open = (): IndexFile | undefined => (isFiltered ? caughtUp(folder, indexes, say) : undefined);
  return {
    async *search(range) {
      using index = open();
      try {
        for await (const { hits } of searchLog(folder, index, matcher, range)) yield* hits.map(shown);
      } catch (error) {
        const reason = toIndexError(error);
        if (!(reason instanceof IndexError) || index === undefined) throw error;
        removeIndexFile(index.place);
        throw new CommandError(
          `the index of this log is not to be trusted: ${reason.message}. It was removed and is made anew from the log: ask again`,
        );
      }
    },
    async *follow(from) {
      const entries = new FollowedEntries(folder, from);
      for (;;) {
        const batch = entries.read();
        if (batch === undefined) await delay(LOOK_EVERY_MS);
        else {
          const hits = batch.entries.map((bytes, i) => ({ index: batch.first + i, bytes }));
          yield* hits.filter(({ bytes }) => matcher.matches(indexedEntry(bytes))).map(shown);
        }
      }
    },
    size: () => Promise.resolve(openEntries(folder).size),
    operations() {
      using index = open();
      return Promise.resolve([...readOperations(folder, index)]);
    },
  };
}

/** The index, brought up to the log; undefined where there is none to be. */
function caughtUp(folder: string, indexes: string | undefined, say: (what: string) => void): IndexFile | undefined {
  const { size } = openEntries(folder);
  if (indexes === undefined || size < LEAST_INDEXED) return undefined;
  try {
    const place = indexPlace(indexes, folder);
    using writer = openIndexWriter(place, (why) => say(`The index of this log is made anew: ${why}`));
    let said = performance.now();
    while (writer.step(200)) {
      if (performance.now() - said < SAY_EVERY_MS) continue;
      said = performance.now();
      say(`Reading the log into its index: ${writer.position} of ${size} entries`);
    }
    return openIndexFile(place, true);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    say(`Every entry is read, as there is no index: ${error.message}`);
    return undefined;
  }
}

const readFound: Reader<FoundEntry> = (value, path) => {
  const { index, ...entry } = Object(value) as Readonly<Record<string, unknown>>;
  return { index: integer(0, Number.MAX_SAFE_INTEGER)(index, path), entry };
};

function readPage(answer: unknown, who: string) {
  return readAnswer(answer, who, 'list of entries', (given, path) => {
    const { value, size, nextLink } = Object(given) as Readonly<Record<string, unknown>>;
    return {
      value: list(readFound)(value, `${path}.value`),
      size: integer(0, Number.MAX_SAFE_INTEGER)(size, `${path}.size`),
      nextLink: typeof nextLink === 'string' ? nextLink : undefined,
    };
  });
}

/** @param given what is looked for, as the instance reads it */
export function remoteSource(client: AskingClient, given: GivenFilter): AuditSource {
  let known: number | undefined;
  const pages = async function* ({ order, from = 0, before }: SearchRange) {
    const query = new URLSearchParams({ 'api-version': '7.6', order });
    for (const [name, value] of Object.entries(given)) if (value !== undefined) query.set(name, value);
    if (from > 0) query.set('from', String(from));
    if (before !== undefined) query.set('before', String(before));
    for (let address: string | undefined = `/strongroom/v1/audit?${query}`; address !== undefined; ) {
      const page: ReturnType<typeof readPage> = readPage(
        jsonOf(await client.send('GET', address), client.who),
        client.who,
      );
      known = page.size;
      yield page;
      address = page.nextLink;
    }
  };
  return {
    async *search(range) {
      for await (const { value } of pages(range)) yield* value;
    },
    async *follow(from) {
      for (let next = from; ; await delay(ASK_EVERY_MS)) {
        for await (const { value, size } of pages({ order: 'oldest', from: next })) {
          yield* value;
          next = size;
        }
      }
    },
    async size() {
      if (known === undefined) await pages({ order: 'newest', from: Number.MAX_SAFE_INTEGER }).next();
      return known ?? 0;
    },
    operations: () => Promise.resolve([]),
  };
}
