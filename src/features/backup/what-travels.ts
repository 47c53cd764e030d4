// Which records a full backup holds, by the kind of record. All others stay with the instance that made them: what it has
// promised, its clock, who guards its security domain, what it has told and is doing. A kind that is not listed stays.

/** `key`: written as a blob of the module; `text`: as it is. */
export type Travels = 'key' | 'text' | 'stays';

interface Kind {
  /** Name of the record, or prefix that ends in `/`. */
  readonly of: string;
  readonly travels: Travels;
}

/** The longest that fits wins. */
export const recordKinds: readonly Kind[] = [
  { of: 'key/', travels: 'key' },
  { of: 'deleted-key/', travels: 'text' },
  { of: 'rotation-policy/', travels: 'text' },
  { of: 'role-definition/', travels: 'text' },
  { of: 'role-assignment/', travels: 'text' },
  { of: 'release/authority/', travels: 'text' },
  { of: 'setting/', travels: 'text' },
  // An address that another instance would be told of our keys at; it goes together with `events-since`.
  { of: 'setting/StrongroomEventWebhook', travels: 'stays' },
  { of: 'event-told/', travels: 'stays' },
  { of: 'events-since', travels: 'stays' },
  { of: 'approvals/', travels: 'stays' },
  { of: 'promises', travels: 'stays' },
  { of: 'module-state', travels: 'stays' },
  { of: 'untouched-recovery', travels: 'stays' },
  { of: 'clock', travels: 'stays' },
  { of: 'security-domain', travels: 'stays' },
  { of: 'security-domain-begun', travels: 'stays' },
  { of: 'custodians/', travels: 'stays' },
  { of: 'custodians-domain', travels: 'stays' },
  { of: 'custodian-challenges/', travels: 'stays' },
  { of: 'rehearsals/', travels: 'stays' },
  { of: 'rehearsal-told', travels: 'stays' },
  { of: 'ceremonies/', travels: 'stays' },
  { of: 'backup-job/', travels: 'stays' },
];

const longestFirst = [...recordKinds].sort((a, b) => b.of.length - a.of.length);

/** Undefined: a kind that the table does not have. */
export function kindOfRecord(name: string): Kind | undefined {
  return longestFirst.find(({ of }) => (of.endsWith('/') ? name.startsWith(of) : name === of));
}

export function travels(name: string): Travels {
  return kindOfRecord(name)?.travels ?? 'stays';
}
