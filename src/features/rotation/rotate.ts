// Makes the next version of a key: the same type, size, operations, tags and release policy, and the life that the rotation
// policy gives it. The versions before it stay as they are.
import { given } from '../../formats/given.ts';
import { addDuration, parseDuration } from '../../formats/iso-duration.ts';
import { isSecure } from '../../formats/key-wrap-modes.ts';
import { badParameter, ServiceError } from '../../http/service-error.ts';
import type { Commit, Head } from '../../store/sealed/records.ts';
import { addVersion, type KeyMaking } from '../keys/add-version.ts';
import { kindOf } from '../keys/key-types.ts';
import type { KeyVersion } from '../keys/key-version.ts';
import { policyFromCreation } from '../keys/release-policy.ts';
import type { RotationPolicies, RotationPolicy } from './policy.ts';

export interface Rotating extends KeyMaking {
  readonly policies: RotationPolicies;
}

export interface Rotated {
  /** The version before. */
  readonly from: KeyVersion;
  readonly key: KeyVersion;
  readonly head: Head;
}

const ATTEMPTS = 3;

/** On demand: the new version is enabled. @param find looks the key up on current state */
export async function rotateKey(find: () => KeyVersion, commit: Commit, service: Rotating): Promise<Rotated> {
  const found: Commit = (plan) =>
    commit(() => {
      find();
      return plan();
    });
  for (let attempt = 1; ; attempt++) {
    const current = find();
    const policy = requirePolicy(service.policies, current.name);
    try {
      return await addNextVersion({ current, policy, enabled: true }, found, service);
    } catch (error) {
      if (!(error instanceof Superseded)) throw error;
      if (attempt < ATTEMPTS) continue;
      throw new ServiceError('Conflict', 'The key was changed while it was being rotated; try again', { cause: error });
    }
  }
}

/** Another change of the key or its policy was committed first: what was to be inherited is no longer so. */
export class Superseded extends Error {
  override readonly name = 'Overtaken';
}

export interface Next {
  readonly current: KeyVersion;
  readonly policy: RotationPolicy;
  readonly enabled: boolean;
}

/** @throws Overtaken, ServiceError */
export async function addNextVersion(
  { current, policy, enabled }: Next,
  commit: Commit,
  service: Rotating,
): Promise<Rotated> {
  const { keys, policies, crypto } = service;
  // One time for the version and its expiry.
  const time = service.now();
  const expiry = parseDuration(policy.expiryTime ?? '');
  const attributes = {
    enabled,
    // Keys for secure wrapping were made exportable once; the next version is made as they are now.
    exportable: current.attributes.exportable && !isSecure(current.keyOps),
    ...given({ exp: expiry && addDuration(time, expiry) }),
  };
  const guarded: Commit = (plan) =>
    commit(() => {
      // Records in memory are replaced, never changed: the same object is the same state.
      if (keys.find(current.name) !== current || policies.find(current.name) !== policy) {
        throw new Superseded('the key or its policy was changed meanwhile');
      }
      return plan();
    });
  const { kty, keyOps, tags } = current;
  const releasePolicy = policyFromCreation(current.releasePolicy);
  const make = (binding: Parameters<typeof crypto.createKey>[0]): ReturnType<typeof crypto.createKey> =>
    crypto.createKey(binding, kindOf(current.publicKey));
  const version = { kty, keyOps, tags, releasePolicy, attributes, make };
  return { from: current, ...(await addVersion(current.name, version, guarded, { ...service, now: () => time })) };
}

/** @throws ServiceError BadParameter */
function requirePolicy(policies: RotationPolicies, name: string): RotationPolicy {
  const policy = policies.find(name);
  if (policy !== undefined) return policy;
  throw badParameter(
    `Key ${name} has no rotation policy; set one with PUT /keys/${name}/rotationpolicy before it is rotated`,
  );
}
