// What an entry of the audit log says of a request beside who, when and how it ended: the members of `properties.detail`.
// There is one table of them, so that an alert written for one operation reads the same for the next. A member that a
// request has too is called as it is there. Never key material, secrets or the values of tags.

import type { NamedEvent } from '../formats/cloud-event.ts';

/** `docs/reference/audit-format.md` has a row for each. */
const members = [
  // roles
  'assignment',
  'roleDefinitionId',
  'roleName',
  'administrative',
  'principalId',
  'principalIds',
  'principalType',
  'scope',
  'expires',
  'actionsAdded',
  'actionsRemoved',
  // keys
  'kty',
  'key_size',
  'crv',
  'alg',
  'key_ops',
  'exportable',
  'releasePolicyHash',
  'immutable',
  'enabled',
  'nbf',
  'exp',
  'tags',
  'source',
  'kek',
  'blobHash',
  'versions',
  'previousVersion',
  'scheduledPurgeDate',
  'lifetimeActions',
  'expiryTime',
  'enclaveKey',
  'usedBy',
  // settings, network
  'setting',
  'publicNetworkAccess',
  'defaultAction',
  'opens',
  'rangesAdded',
  'rangesRemoved',
  'endpointsAdded',
  'endpointsRemoved',
  'trial',
  'authority',
  'authorityName',
  'keysHash',
  // backups
  'job',
  'status',
  'storage',
  'folder',
  // security domain, custodians, rehearsals
  'domainFingerprint',
  'required',
  'custodians',
  'quorum',
  'documentHash',
  'transferKey',
  'custodian',
  'changed',
  'purpose',
  'challenge',
  'record',
  'kind',
  'verdict',
  'recordHash',
  'startedBy',
  // approvals
  'approval',
  'approvedBy',
  'requestedBy',
  'requestedOperation',
  // missing witnesses
  'missing',
  'head',
  'headHash',
  'logSize',
  'logRoot',
  'reason',
  'acceptedBy',
  'acceptedAt',
  // alerts
  'rule',
  'severity',
  'alert',
  'index',
  'outlet',
  'message',
  'alerts',
  'until',
  // events
  'event',
  'events',
  'since',
  // all
  'changes',
] as const;

export type DetailMember = (typeof members)[number];
export const detailMembers: ReadonlySet<string> = new Set<DetailMember>(members);

type Value = string | number | boolean | null | readonly string[] | undefined;
export type Changes = Readonly<Record<string, object>>;

/** Members that are undefined are left out. */
export type Detail = Readonly<Partial<Record<Exclude<DetailMember, 'changes' | 'event'>, Value>>> & {
  readonly event?: NamedEvent;
  /** By the name of what changed. */
  readonly changes?: Changes | undefined;
};

/** What differs, as `{"name": {"before": …, "after": …}}`; null stands for what there was not, or is not any more. */
export function changesOf(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): Changes {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return Object.fromEntries(
    names
      .map((name) => [name, { before: before[name] ?? null, after: after[name] ?? null }] as const)
      .filter(([, change]) => JSON.stringify(change.before) !== JSON.stringify(change.after)),
  );
}

type Tags = Readonly<Record<string, string>>;

/** By their names: what people write into tags may be anything. Undefined: nothing differs. */
export function tagChanges(before: Tags, after: Tags): object | undefined {
  const added = Object.keys(after).filter((name) => !Object.hasOwn(before, name));
  const removed = Object.keys(before).filter((name) => !Object.hasOwn(after, name));
  const changed = Object.keys(after).filter((name) => Object.hasOwn(before, name) && before[name] !== after[name]);
  if (added.length + removed.length + changed.length === 0) return undefined;
  return { added: added.map(nameOf), removed: removed.map(nameOf), changed: changed.map(nameOf) };
}

export function tagNames(tags: object): readonly string[] {
  return Object.keys(tags).map(nameOf);
}

/** Of the name of a tag. */
const LONGEST_NAME = 100;

function nameOf(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
}

/** Lists longer than this, and texts longer than that, are cut: a caller chooses some of them. */
const MOST_ITEMS = 100;
const LONGEST_TEXT = 2048;

/** As it is put on record. */
export function recordedDetail(detail: Detail): Detail {
  return Object.fromEntries(Object.entries(detail).map(([name, value]) => [name, cutValue(value)])) as Detail;
}

function cutValue(value: unknown): unknown {
  if (typeof value === 'string' && value.length > LONGEST_TEXT) {
    return `${value.slice(0, LONGEST_TEXT)}… (${value.length - LONGEST_TEXT} characters more)`;
  }
  if (Array.isArray(value)) {
    const kept = value.slice(0, MOST_ITEMS).map(cutValue);
    return value.length > MOST_ITEMS ? [...kept, `… (${value.length - MOST_ITEMS} more)`] : kept;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, cutValue(each)]));
}
