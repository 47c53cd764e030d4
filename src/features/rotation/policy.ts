// A rotation policy as it is kept: the sealed record `rotation-policy/{name}`, name in lower case, and as the wire shows it.
import { parseDuration } from '../../formats/iso-duration.ts';
import type { RowRequest } from '../../http/route.ts';
import { StoreError } from '../../store/port.ts';

export type ActionType = 'Rotate' | 'Notify';
export type TriggerKind = 'timeAfterCreate' | 'timeBeforeExpiry';

export interface LifetimeAction {
  readonly type: ActionType;
  readonly trigger: TriggerKind;
  /** ISO 8601 duration, as it was sent. */
  readonly time: string;
}

/** What a client sets. */
export interface PolicyRules {
  /** At most one of each type. */
  readonly lifetimeActions: readonly LifetimeAction[];
  /** How long versions live that rotation makes: ISO 8601 duration. */
  readonly expiryTime?: string;
}

export interface RotationPolicy extends PolicyRules {
  /** Unix seconds. */
  readonly created: number;
  readonly updated: number;
}

export function findAction(policy: PolicyRules, type: ActionType): LifetimeAction | undefined {
  return policy.lifetimeActions.find((action) => action.type === type);
}

export function policyRecordName(name: string): string {
  return `rotation-policy/${name.toLowerCase()}`;
}

/** The lower-case name of the key; undefined for records of other kinds. */
export function parsePolicyRecordName(recordName: string): string | undefined {
  return /^rotation-policy\/([0-9a-z-]{1,127})$/.exec(recordName)?.[1];
}

export function encodePolicy(policy: RotationPolicy): Uint8Array {
  return Buffer.from(JSON.stringify(policy), 'utf8');
}

/** @throws StoreError Damaged */
export function decodePolicy(value: Uint8Array): RotationPolicy {
  const stored = JSON.parse(Buffer.from(value).toString('utf8')) as Partial<RotationPolicy>;
  const { lifetimeActions, expiryTime, created, updated } = stored;
  if (
    Array.isArray(lifetimeActions) &&
    lifetimeActions.every(isAction) &&
    (expiryTime === undefined || isDuration(expiryTime)) &&
    Number.isSafeInteger(created) &&
    Number.isSafeInteger(updated)
  ) {
    return stored as RotationPolicy;
  }
  throw new StoreError('Damaged', 'the record of a rotation policy does not have its members');
}

function isAction(value: unknown): boolean {
  const { type, trigger, time } = value as Partial<LifetimeAction>;
  return (
    (type === 'Rotate' || type === 'Notify') &&
    (trigger === 'timeAfterCreate' || trigger === 'timeBeforeExpiry') &&
    isDuration(time)
  );
}

function isDuration(value: unknown): boolean {
  return typeof value === 'string' && parseDuration(value) !== undefined;
}

/** Under the names of an HSM and under those of a vault it looks different, as do the two services. */
export function wirePolicy(
  { origin, names }: Pick<RowRequest<unknown>, 'origin' | 'names'>,
  key: string,
  policy: RotationPolicy | undefined,
): object {
  if (names === 'vault') return vaultPolicy(`${origin}/keys/${key}/rotationpolicy`, policy);
  if (policy === undefined) return { attributes: { created: 0, expiryTime: '', updated: 0 }, id: '' };
  const lifetimeActions = policy.lifetimeActions.map((action) => wireAction(action, action.type.toLowerCase()));
  return {
    attributes: wireTimes(policy),
    id: `keys/${key}/rotationpolicy`,
    ...(lifetimeActions.length === 0 ? {} : { lifetimeActions }),
  };
}

function vaultPolicy(id: string, policy: RotationPolicy | undefined): object {
  if (policy === undefined) return { attributes: {}, id, lifetimeActions: [] };
  const lifetimeActions = policy.lifetimeActions.map((action) => wireAction(action, action.type));
  return { attributes: wireTimes(policy), id, lifetimeActions };
}

function wireAction({ trigger, time }: LifetimeAction, type: string): object {
  return { action: { type }, trigger: { [trigger]: time } };
}

function wireTimes({ created, expiryTime, updated }: RotationPolicy): object {
  return { created, ...(expiryTime === undefined ? {} : { expiryTime }), updated };
}
