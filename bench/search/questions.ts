// What a log is asked: by each filter alone and by several, for what is frequent, rare, and not there.
import type { GivenFilter } from '../../src/features/audit/index/filter.ts';
import { APPS, BEGIN, entryAt, KEYS } from './write-log.ts';

export interface Question {
  readonly name: string;
  readonly filter: GivenFilter;
  /** How many entries there are: of all, as many as are asked for. */
  readonly finds: 'none' | 'one' | 'some' | 'all';
}

const DAY_MS = 86_400_000;
const NOBODY = '00000000-0000-4000-8000-000000000000';

/** Their names. */
export const QUESTIONS: readonly string[] = questionsOf(20_000).map(({ name }) => name);

/** Of a log of so many entries, as `write-log.ts` makes it. */
export function questionsOf(size: number): readonly Question[] {
  const [most, rarest] = [APPS[0], APPS.at(-1)];
  const [key = '', rareKey = ''] = [KEYS[0]?.name, KEYS.at(-1)?.name];
  const made = entryWith(size, ({ operationName }) => operationName === 'KeyCreate');
  const day = (days: number): string => new Date(BEGIN + days * DAY_MS).toISOString();
  const inDay = { since: day(100), until: day(101) };
  return [
    { name: 'caller', filter: { caller: most?.oid }, finds: 'all' },
    { name: 'application', filter: { caller: rarest?.app }, finds: 'all' },
    { name: 'key', filter: { key }, finds: 'all' },
    { name: 'version', filter: { version: KEYS[0]?.versions[0] }, finds: 'all' },
    { name: 'operation', filter: { operation: 'KeyCreate' }, finds: 'all' },
    { name: 'outcome', filter: { outcome: 'refused' }, finds: 'all' },
    { name: 'status', filter: { outcome: '403' }, finds: 'all' },
    { name: 'scope', filter: { scope: `/keys/${key}` }, finds: 'all' },
    { name: 'day', filter: inDay, finds: 'all' },
    { name: 'frequent-text', filter: { text: 'fin-prod' }, finds: 'all' },
    { name: 'within-words', filter: { text: 'pp-59-toke' }, finds: 'some' },
    {
      name: 'combined',
      filter: { caller: most?.oid, key, operation: 'KeySign', outcome: 'success', ...inDay },
      finds: 'some',
    },
    { name: 'spread', filter: { caller: rarest?.oid, operation: 'KeyCreate', key: rareKey }, finds: 'some' },
    { name: 'rare-version', filter: { version: made.key?.split('/').at(-1) }, finds: 'one' },
    { name: 'rare-text', filter: { text: made.storeHead?.hash }, finds: 'one' },
    { name: 'id', filter: { text: made.correlationId }, finds: 'one' },
    { name: 'absent-caller', filter: { caller: NOBODY }, finds: 'none' },
    { name: 'absent-key', filter: { key: 'no-such-key' }, finds: 'none' },
    { name: 'absent-pair', filter: { caller: most?.oid, key: rareKey }, finds: 'none' },
    { name: 'absent-operation', filter: { operation: 'KeyPurge' }, finds: 'none' },
    { name: 'absent-text', filter: { text: 'no such text' }, finds: 'none' },
    { name: 'absent-id', filter: { text: NOBODY, outcome: 'success' }, finds: 'none' },
  ];
}

interface Entry {
  readonly operationName: string;
  readonly correlationId: string;
  readonly key?: string;
  readonly storeHead?: { readonly hash: string };
}

/** One in the middle. */
function entryWith(size: number, fits: (entry: Entry) => boolean): Entry {
  for (let index = Math.floor(size / 2); ; index++) {
    const entry = JSON.parse(entryAt(index, size)) as Entry;
    if (fits(entry)) return entry;
  }
}
