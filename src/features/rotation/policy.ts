// A rotation policy as it is kept, and as the wire shows it.
import { given } from '../../formats/given.ts';
import { parseDuration } from '../../formats/iso-duration.ts';
import { integer, list, oneOf, type Reader, record, ShapeError, text } from '../../formats/shape.ts';
import type { RowRequest } from '../../http/route.ts';
import { type Follow, keep } from '../../store/sealed/follow-records.ts';
import { recordKind, type ValueOf } from '../../store/sealed/record-kind.ts';
import type { Change } from '../../store/sealed/records.ts';

export type RotationPolicy = ValueOf<typeof policyKind>;
/** What a client sets. */
export type PolicyRules = Omit<RotationPolicy, 'created' | 'updated'>;
export type LifetimeAction = ReturnType<typeof lifetimeAction>;
export type ActionType = LifetimeAction['type'];
export type TriggerKind = LifetimeAction['trigger'];

export function findAction(policy: PolicyRules, type: ActionType): LifetimeAction | undefined {
  return policy.lifetimeActions.find((action) => action.type === type);
}

/** Unix seconds. */
const time = integer(0, Number.MAX_SAFE_INTEGER);
/** ISO 8601, as it was sent. */
const duration: Reader<string> = (value, path) => {
  const written = text(value, path);
  if (parseDuration(written) === undefined) throw new ShapeError(`${path} must be a duration`);
  return written;
};

const lifetimeAction = record({
  type: oneOf('Rotate', 'Notify'),
  trigger: oneOf('timeAfterCreate', 'timeBeforeExpiry'),
  time: duration,
});

/** `rotation-policy/{name of the key in lower case}` */
export const policyKind = recordKind({
  of: 'rotation-policy/',
  id: /^[0-9a-z-]{1,127}$/,
  about: 'The rotation policy of a key',
  travels: 'text',
  members: {
    /** At most one of each type. */
    lifetimeActions: list(lifetimeAction, 2),
    created: time,
    updated: time,
  },
  /** How long versions live that rotation makes. */
  optional: { expiryTime: duration },
});

/** @param policy undefined: the key has none any more */
export function policyChange(name: string, policy: RotationPolicy | undefined): Change {
  const id = name.toLowerCase();
  return policy === undefined ? policyKind.remove(id) : policyKind.put(id, policy);
}

/** All of the instance in memory, by the names of their keys. */
export class RotationPolicies {
  readonly #policies = new Map<string, RotationPolicy>();

  readonly follows: readonly Follow[] = [keep(policyKind, this.#policies)];

  find(name: string): RotationPolicy | undefined {
    return this.#policies.get(name.toLowerCase());
  }
}

/** Under the names of an HSM and under those of a vault it looks different, as do the two services. */
export function wirePolicy(
  { origin, names }: Pick<RowRequest<unknown>, 'origin' | 'names'>,
  key: string,
  policy: RotationPolicy | undefined,
): object {
  const isVault = names === 'vault';
  const id = `keys/${key}/rotationpolicy`;
  if (policy === undefined) {
    return isVault
      ? { attributes: {}, id: `${origin}/${id}`, lifetimeActions: [] }
      : { attributes: { created: 0, expiryTime: '', updated: 0 }, id: '' };
  }
  const { created, expiryTime, updated, lifetimeActions } = policy;
  const actions = lifetimeActions.map(({ type, trigger, time }) => ({
    action: { type: isVault ? type : type.toLowerCase() },
    trigger: { [trigger]: time },
  }));
  const attributes = given({ created, expiryTime, updated });
  if (isVault) return { attributes, id: `${origin}/${id}`, lifetimeActions: actions };
  return { attributes, id, ...(actions.length === 0 ? {} : { lifetimeActions: actions }) };
}
