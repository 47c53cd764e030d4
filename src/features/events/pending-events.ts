// Which events a key still owes, and from when on. It follows from the key, its policy and what was told; nothing is queued.
import { type Follow, follow } from '../../store/sealed/follow-records.ts';
import { DueTimes } from '../clock/due-times.ts';
import type { KeyIndex } from '../keys/key-index.ts';
import type { KeyVersion } from '../keys/key-version.ts';
import type { RotationPolicies } from '../rotation/policy.ts';
import { actionDue, followKeys } from '../rotation/schedule.ts';
import { type DeliveredEvent, type DeliveredEvents, deliveredKind, sinceKind } from './delivered-events.ts';

export interface PendingEvent {
  readonly kind: 'KeyNewVersionCreated' | 'KeyNearExpiry' | 'KeyExpired';
  readonly key: KeyVersion;
  /** Unix seconds: from when on it is told, and when it happened. */
  readonly due: number;
  readonly at: number;
}

const NEAR = 30 * 86_400;
export const NOTHING: DeliveredEvent = { newVersion: 0 };

export interface PendingFrom {
  readonly keys: KeyIndex;
  readonly policies: RotationPolicies;
  readonly told: DeliveredEvents;
}

/** The soonest first; none while events are off, and none of deleted keys. */
export function pendingEvents(name: string, { keys, policies, told }: PendingFrom): readonly PendingEvent[] {
  const { since } = told;
  const versions = keys.versions(name);
  const current = versions[versions.length - 1];
  if (since === undefined || current === undefined) return [];
  const before = told.find(name) ?? NOTHING;
  const owed: PendingEvent[] = [];
  // By ordinal, since that is how far was told; a clock that was moved would give another order.
  const untold = versions.slice(versions.findLastIndex(({ ordinal }) => ordinal <= before.newVersion) + 1);
  for (const key of untold) {
    const at = key.attributes.created;
    if (at >= since) owed.push({ kind: 'KeyNewVersionCreated', key, due: since, at });
  }
  const { exp } = current.attributes;
  const mark = expiryMark(current);
  if (exp !== undefined && exp >= since && before.expired !== mark) {
    const policy = policies.find(name);
    const near = (policy === undefined ? undefined : actionDue(current, policy, 'Notify')) ?? exp - NEAR;
    if (before.nearExpiry !== mark) owed.push({ kind: 'KeyNearExpiry', key: current, due: near, at: near });
    owed.push({ kind: 'KeyExpired', key: current, due: exp, at: exp });
  }
  return owed.sort((a, b) => a.due - b.due);
}

/** What is due by now. A key that has expired is no longer about to. */
export function dueEvents(owed: readonly PendingEvent[], now: number): readonly PendingEvent[] {
  const due = owed.filter((event) => event.due <= now);
  const expired = due.some(({ kind }) => kind === 'KeyExpired');
  return expired ? due.filter(({ kind }) => kind !== 'KeyNearExpiry') : due;
}

/** What was told of the key once this event is. */
export function afterTelling(told: DeliveredEvent, { kind, key }: PendingEvent): DeliveredEvent {
  switch (kind) {
    case 'KeyNewVersionCreated':
      return { ...told, newVersion: Math.max(told.newVersion, key.ordinal) };
    case 'KeyNearExpiry':
      return { ...told, nearExpiry: expiryMark(key) };
    case 'KeyExpired':
      return { ...told, expired: expiryMark(key) };
  }
}

/** Another expiry of the same version is told of again. */
function expiryMark({ version, attributes }: KeyVersion): string {
  return `${version}:${attributes.exp}`;
}

/** When which key has something to tell next, kept up with the records that bear on it. */
export class EventQueue {
  readonly #from: PendingFrom;
  #due = new DueTimes();

  constructor(from: PendingFrom) {
    this.#from = from;
  }

  /** After keys, policies and told events. */
  readonly follows: readonly Follow[] = [
    ...followKeys((name) => this.update(name)),
    follow(deliveredKind, (name) => this.update(name)),
    follow(sinceKind, () => this.#rebuild()),
  ];

  update(name: string): void {
    this.#due.set(name, pendingEvents(name, this.#from)[0]?.due);
  }

  /** The key, by its lower-case name, that is next to tell something. */
  next(): { readonly name: string; readonly time: number } | undefined {
    return this.#due.next();
  }

  #rebuild(): void {
    this.#due = new DueTimes();
    if (this.#from.told.since === undefined) return;
    const { keys } = this.#from;
    for (const { name } of keys.listAfter(undefined, keys.size)) this.update(name.toLowerCase());
  }
}
