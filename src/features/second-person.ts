// What a change needs where duties are separated: somebody else who agrees to exactly it. Who that is and how they agree is not
// known here, nor to those who ask: `approvals` is behind it.
import type { Detail } from '../http/entry-detail.ts';
import type { Principal } from '../http/principal.ts';
import type { GrantHeaders } from '../http/route.ts';
import { ServiceError } from '../http/service-error.ts';
import { type Change, type Commit, commitPlanned, type Head } from '../store/sealed/records.ts';

/** `given`: the change may be made, and `changes` uses the approval up. `asked`: only `changes` is made, and it is refused. */
export type Second =
  | {
      readonly state: 'given';
      readonly changes: readonly Change[];
      readonly reason?: string | undefined;
      /** For the record: who agreed. */
      readonly note: string;
      readonly detail?: Detail;
    }
  | { readonly state: 'asked'; readonly changes: readonly Change[]; readonly refusal: ServiceError };

export interface Asker {
  readonly principal: Principal;
  readonly reason: string | undefined;
}

export interface SecondPerson<Wanted> {
  /** Why it is done, as the request says. @throws ServiceError BadParameter */
  readonly reasonOf: (grantHeaders: GrantHeaders) => string | undefined;
  /** For plans: on the state that is committed to. @throws ServiceError Conflict when too many wait */
  readonly judge: (wanted: Wanted, asker: Asker) => Second;
}

/**
 * Commits what is planned with the approval that it uses up, or only what asks for one.
 * @throws ServiceError the refusal, once the approval is asked for durably
 */
export async function commitAgreed<
  T extends { readonly changes: readonly Change[]; readonly second?: Second | undefined },
>(
  commit: Commit,
  plan: () => T,
): Promise<T & { readonly head: Head; readonly second?: (Second & { readonly state: 'given' }) | undefined }> {
  const done = await commitPlanned(commit, () => {
    const planned = plan();
    const { changes, second } = planned;
    return {
      ...planned,
      changes: second?.state === 'asked' ? second.changes : [...changes, ...(second?.changes ?? [])],
    };
  });
  const { second, head } = done;
  if (second?.state === 'asked') throw refusalOf(second, head);
  return { ...done, second };
}

/** What was committed to ask for it is put on record with the refusal. */
export function refusalOf({ changes, refusal }: Second & { readonly state: 'asked' }, head: Head): ServiceError {
  if (changes.length === 0) return refusal;
  const { code, message, innerCode } = refusal;
  return new ServiceError(code, message, { head, ...(innerCode === undefined ? {} : { innerCode }) });
}
