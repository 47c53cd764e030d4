// How far the custodians can be relied on: the state of each, and the margin - how many may be lost before no quorum can
// be gathered any more.
import type { Holder } from './holder.ts';
import type { CustodianRegister } from './register.ts';

/** Whose key has not been heard of for so long is not counted on. */
export const REACHABLE_DAYS = 365;

export type HolderState = 'notProven' | 'provenEarlier' | 'proven' | 'silent' | 'handingOver' | 'leaving' | 'left';

type RecoveryMargin = NonNullable<ReturnType<typeof marginOf>>;

/** Where nothing was split since there is a register. */
export const UNKNOWN_HOLDERS: Partial<RecoveryMargin> & Pick<RecoveryMargin, 'warnings'> = {
  warnings: ['The HSM does not know who has the shares: download the security domain for its custodians'],
};

/** @param domain of the newest file @param now Unix seconds */
export function stateOf(holder: Holder, domain: string | undefined, now: number): HolderState {
  if (holder.left !== undefined) return 'left';
  if (holder.leaving !== undefined) return 'leaving';
  if (holder.proven === undefined) return 'notProven';
  if (isSilent(holder, now)) return 'silent';
  if (holder.handover !== undefined) return 'handingOver';
  return holder.proven.domain === domain ? 'proven' : 'provenEarlier';
}

/** Undefined: nothing was split since there is a register. */
export function marginOf(register: CustodianRegister, now: number) {
  const { split } = register;
  if (split === undefined) return undefined;
  const holders = register.list().filter(([, { left }]) => left === undefined);
  const states = holders.map(([, holder]) => stateOf(holder, split.domain, now));
  const { required } = split;
  const reachable = states.filter((state) => COUNTED.has(state)).length;
  /** 0: everyone reachable is needed. */
  const margin = reachable - required;
  /** Holders whose share of the newest file was not shown to open. */
  const unproven = holders.filter(([, { proven }]) => proven?.domain !== split.domain).length;
  const warnings: string[] = [];
  if (margin < 0) {
    warnings.push(
      `Only ${reachable} of ${required} needed custodians are known to be reachable: the HSM might not be recoverable`,
    );
  } else if (margin === 0) {
    warnings.push('Every reachable custodian is needed: losing one more makes the HSM unrecoverable');
  }
  if (split.domain === undefined) {
    warnings.push('The HSM has not seen the domain file as it is kept: download a new one for the same custodians');
  } else if (unproven > 0) {
    warnings.push(
      `${unproven} of ${holders.length} custodians have not shown that their share of the newest file opens`,
    );
  }
  return { required, holders: holders.length, reachable, margin, unproven, warnings };
}

const COUNTED: ReadonlySet<HolderState> = new Set(['proven', 'provenEarlier', 'handingOver']);

function isSilent({ answered }: Holder, now: number): boolean {
  return answered === undefined || Date.parse(answered) / 1000 < now - REACHABLE_DAYS * 86_400;
}
