// What whoever uses a key loses by a change of it. Whether that is let pass is for the guard to say (`../usage/retirement-guard.ts`); here is what is
// taken away, and nothing that uses keys is looked at.
import type { GrantHeaders } from '../../http/route.ts';
import type { KeyVersion } from './key-version.ts';
import type { UpdateKey } from './update.ts';

const DAY = 86_400;

export interface Retirement {
  readonly name: string;
  /** That are taken away. */
  readonly versions: readonly string[];
  /** The key, or one version of it, as messages name it. */
  readonly what: string;
  /** Operations, as the log names them, that are not possible any more; absent: none is. */
  readonly operations?: ReadonlySet<string>;
  /** What is done, as a sentence goes on: `disabled`. */
  readonly how: string;
}

/** All of a key at once. */
export function wholeKey(name: string, versions: readonly KeyVersion[], how: string): Retirement {
  return { name, versions: versions.map(({ version }) => version), what: `key ${name}`, how };
}

/** What is told and put on record of one that went on although the key is used. */
export interface Retired {
  readonly warning: string;
  readonly detail: { readonly usedBy: readonly string[]; readonly reason: string | undefined };
}

export interface RetirementGuard {
  /**
   * Has the change made once it was judged. `retired` undefined: nobody loses anything, or nobody is to be asked.
   * @param by says by the present state what is lost; it is given how many days ahead count as now @param make has its plan call
   * `check` on the state that it is made on, which throws where that is not what was judged; then it is judged once more
   * @throws ServiceError Conflict/KeyInUse, Conflict/UsageUnknown, and what `make` does
   */
  change<T>(
    by: (days: number) => Retirement | undefined,
    grantHeaders: () => GrantHeaders,
    make: (check: () => void) => Promise<T>,
  ): Promise<{ readonly made: T; readonly retired: Retired | undefined }>;
}

/** What is found by a plan, of which the guard is asked first. */
export function checked<T>(check: () => void, find: () => T): () => T {
  return () => {
    check();
    return find();
  };
}

/** As in `../key-operations/rules.ts`: outside of its validity a key makes nothing new, and opens what was made. */
const PRODUCING = ['KeyEncrypt', 'KeyWrap', 'KeySign', 'KeySecureWrap'];
const BY_KEY_OP: Readonly<Record<string, string>> = {
  encrypt: 'KeyEncrypt',
  decrypt: 'KeyDecrypt',
  wrapKey: 'KeyWrap',
  unwrapKey: 'KeyUnwrap',
  sign: 'KeySign',
  verify: 'KeyVerify',
  secureWrapKey: 'KeySecureWrap',
  secureUnwrapKey: 'KeySecureUnwrap',
};
/** Whom they give a key to is for its release policy to say; another one may say nobody. */
const BY_POLICY = ['KeyRelease', 'KeySecureUnwrap'];

/** @param now Unix seconds @param days an end that comes within them takes away as one that has come */
export function retirementBy(
  { name, version, attributes: before, keyOps, releasePolicy }: KeyVersion,
  { attributes: asked, keyOps: keptOps = keyOps, releasePolicy: policy }: Omit<UpdateKey, 'tags'>,
  now: number,
  days: number,
): Retirement | undefined {
  const { enabled = before.enabled, nbf = before.nbf, exp = before.exp } = asked;
  if (!before.enabled) return undefined;
  const one = { name, versions: [version], what: `version ${version} of key ${name}` };
  if (!enabled) return { ...one, how: 'disabled' };
  const never = Number.POSITIVE_INFINITY;
  const expires = exp !== undefined && exp < (before.exp ?? never) && exp <= now + days * DAY;
  const waits = nbf !== undefined && nbf > now && nbf > (before.nbf ?? -never);
  const lost = keyOps.filter((each) => !keptOps.includes(each)).flatMap((each) => BY_KEY_OP[each] ?? []);
  const isOther = releasePolicy !== undefined && policy?.data !== undefined && policy.data !== releasePolicy.data;
  const operations = new Set([...lost, ...(expires || waits ? PRODUCING : []), ...(isOther ? BY_POLICY : [])]);
  const how = expires
    ? `expired at ${exp}`
    : waits
      ? `not valid before ${nbf}`
      : lost.length > 0
        ? `without ${lost.join(', ')}`
        : 'under another release policy';
  return operations.size === 0 ? undefined : { ...one, operations, how };
}
