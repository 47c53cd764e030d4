// The release policy of a key: read from a request, kept as canonical text, bound into the blob by its hash. What it means
// is the grammar's; when a key leaves under it is `release`.
import { toBase64url } from '../../formats/base64url.ts';
import { given } from '../../formats/given.ts';
import { policyBinding } from '../../formats/policy-binding.ts';
import { canonicalText, MAX_POLICY, parsePolicyText } from '../../formats/release-policy/canonical.ts';
import { PolicyError, readPolicy } from '../../formats/release-policy/grammar.ts';
import { policyWarnings } from '../../formats/release-policy/never-passes.ts';
import { flag, type Reader, record, ShapeError, text } from '../../formats/shape.ts';
import { member, readBytes, readOptionalBoolean, readOptionalObject, readOptionalText } from '../../http/body.ts';
import { isAbsent } from '../../http/lenient-body.ts';
import type { JsonObject } from '../../http/route.ts';
import { badParameter } from '../../http/service-error.ts';

const alwaysTrue: Reader<true> = (value, path) => {
  if (value !== true) throw new ShapeError(`${path} must be true`);
  return value;
};

/**
 * As a key's record has it. `data`: base64url of the canonical text; `immutable`: once true, it stays, and with it the policy;
 * `fromCreation`: it never could change, which is more: what was made immutable later comes back changeable from a backup of before.
 */
export const keptPolicy = record({ contentType: text, data: text, immutable: flag }, { fromCreation: alwaysTrue });
export type KeyReleasePolicy = ReturnType<typeof keptPolicy>;

/** What a request says of it; absent members stay as they are. */
export type RequestedPolicy = Partial<Pick<KeyReleasePolicy, 'data' | 'immutable'>>;

const CONTENT_TYPE = 'application/json; charset=utf-8';

/** The member `release_policy`; undefined when the body has none. @throws ServiceError BadParameter */
export function readReleasePolicy(body: JsonObject): RequestedPolicy | undefined {
  const policy = readOptionalObject(body, 'release_policy');
  if (policy === undefined) return undefined;
  const contentType = readOptionalText(policy, 'contentType') ?? CONTENT_TYPE;
  if (!/^application\/json(; *charset=utf-8)?$/i.test(contentType)) {
    throw badParameter(`release_policy.contentType must be '${CONTENT_TYPE}'`);
  }
  const data = readOptionalText(policy, 'data') === undefined ? undefined : readCanonical(readBytes(policy, 'data'));
  return given({ data, immutable: readOptionalBoolean(policy, 'immutable') });
}

/**
 * For a key that is made: a policy belongs to one that may leave, and to one that wraps keys for enclaves, which never
 * leaves itself. @throws ServiceError BadParameter
 */
export function requireReleasePolicy(
  body: JsonObject,
  { exportable = false, secure }: { readonly exportable?: boolean | undefined; readonly secure: boolean },
): KeyReleasePolicy | undefined {
  if (secure && exportable) {
    throw badParameter(
      "attributes.exportable must be left out: keys with key_ops 'secureWrapKey' or 'secureUnwrapKey' never leave",
    );
  }
  if (!secure && !exportable) {
    if (isAbsent(member(body, 'release_policy'))) return undefined;
    throw badParameter('Non-exportable keys must not have release policy');
  }
  const asked = readReleasePolicy(body);
  if (asked === undefined) {
    throw badParameter(
      secure
        ? "Keys with key_ops 'secureWrapKey' or 'secureUnwrapKey' must have release policy"
        : 'Exportable keys must have release policy (AKV.SKR.1004)',
    );
  }
  if (asked.data === undefined) throw badParameter("Property 'release_policy.data' is required");
  return { contentType: CONTENT_TYPE, data: asked.data, immutable: asked.immutable ?? false };
}

/** The policy after a change. @throws ServiceError BadParameter */
export function changeReleasePolicy(before: KeyReleasePolicy | undefined, asked: RequestedPolicy): KeyReleasePolicy {
  if (before === undefined) throw badParameter('Non-exportable keys must not have release policy');
  const changed = { ...before, ...asked };
  if (before.immutable && (changed.data !== before.data || !changed.immutable)) {
    // Clients tell it by this text.
    throw badParameter('AKV.SKR.1020: Immutable Key Release Policy cannot be modified.');
  }
  return changed;
}

/** Of a key that the module makes with it: nobody had that key before. */
export function policyFromCreation(policy: KeyReleasePolicy | undefined): KeyReleasePolicy | undefined {
  return policy?.immutable === true ? { ...policy, fromCreation: true } : policy;
}

/** As bound into the blob. */
export function releasePolicyBinding({ data, immutable, fromCreation }: KeyReleasePolicy): string {
  return policyBinding(Buffer.from(data, 'base64url'), fromCreation === true ? 'from-creation' : immutable);
}

/** The member `release_policy` as the service shows it, if there is one. */
export function wirePolicy({ releasePolicy }: { readonly releasePolicy?: KeyReleasePolicy }): object {
  if (releasePolicy === undefined) return {};
  const { contentType, data, immutable } = releasePolicy;
  return { release_policy: { contentType, data, immutable } };
}

const IMMUTABLE_LATER =
  'it is immutable, but not known to be so from creation: a backup of before brings it back changeable. ' +
  'Make a new version with the immutable policy for one that never could be changed';

/** That it can never pass, or that it is less firm than it looks; undefined: neither. */
export function policyNotice(policy: KeyReleasePolicy | undefined): string | undefined {
  if (policy === undefined) return undefined;
  const warnings = [
    ...policyWarnings(readPolicy(parsePolicyText(Buffer.from(policy.data, 'base64url')))),
    ...(policy.immutable && policy.fromCreation !== true ? [IMMUTABLE_LATER] : []),
  ];
  return warnings.length === 0 ? undefined : `release_policy: ${warnings.join('; ')}`;
}

function readCanonical(bytes: Uint8Array): string {
  try {
    const value = parsePolicyText(bytes);
    readPolicy(value);
    const canonical = Buffer.from(canonicalText(value), 'utf8');
    if (canonical.length > MAX_POLICY) throw new PolicyError(`policy: is larger than ${MAX_POLICY} bytes`);
    return toBase64url(canonical);
  } catch (error) {
    if (error instanceof PolicyError) {
      throw badParameter(`release_policy.data: ${error.message}`, { cause: error });
    }
    throw error;
  }
}
