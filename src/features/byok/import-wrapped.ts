// Takes in a key that comes wrapped: the service hands the ciphertext on to the module and never sees the key.
import { createHash } from 'node:crypto';
import { toBase64url } from '../../formats/base64url.ts';
import { badParameter } from '../../http/service-error.ts';
import type { Commit, Head } from '../../store/sealed/records.ts';
import { addVersion, type KeyMaking } from '../keys/add-version.ts';
import type { ImportRequest } from '../keys/import.ts';
import { bindingOf, type KeyVersion, keyId, type Provenance } from '../keys/key-version.ts';
import { refuseByModule } from '../keys/refuse-by-module.ts';
import { policyFromCreation } from '../keys/release-policy.ts';
import { findKek, type ImportWrappedKey } from './read-wrapped-key.ts';

/** @throws ServiceError BadParameter */
export async function importWrappedKey(
  name: string,
  asked: ImportWrappedKey,
  by: Pick<Provenance, 'by' | 'authorisedBy'>,
  commit: Commit,
  service: KeyMaking & { readonly hosts: () => readonly string[] },
): Promise<{ readonly key: KeyVersion; readonly head: Head }> {
  const { blob, crv } = asked;
  const find = (): KeyVersion => {
    const kek = findKek(service.keys, blob.kid, service.hosts());
    requireAsExportable(asked, kek);
    return kek;
  };
  const kek = find();
  return addVersion(
    name,
    {
      ...asked,
      releasePolicy:
        kek.releasePolicy?.fromCreation === true ? policyFromCreation(asked.releasePolicy) : asked.releasePolicy,
      make: async (binding) => {
        const { ciphertext } = blob;
        const request = { kekBinding: bindingOf(kek), kekBlob: kek.blob, binding, crv, ciphertext };
        const made = await service.crypto.send('importWrappedKey', request).catch(refuseByModule);
        return made as typeof made & { publicKey: KeyVersion['publicKey'] };
      },
      provenance: (at) => ({
        source: 'byok',
        at,
        ...by,
        kek: keyId('', kek),
        kekThumbprint: thumbprintOf(kek),
        blobHash: asked.blobHash,
        generator: blob.generator,
      }),
    },
    (plan) =>
      commit(() => {
        // Who disables or deletes the key-exchange key, or changes its policy, means this import too.
        find();
        return plan();
      }),
    service,
  );
}

/** RFC 7638 of the public key. */
function thumbprintOf({ publicKey }: KeyVersion): string {
  if (publicKey.kty !== 'RSA-HSM') throw new TypeError('key-exchange keys are RSA keys');
  const members = JSON.stringify({ e: publicKey.e, kty: 'RSA', n: publicKey.n });
  return toBase64url(createHash('sha256').update(members).digest());
}

// A key that comes through a key-exchange key leaves at most as that one does. The module holds to it by itself; here the
// caller is told which member, and what to do instead.

/** @throws ServiceError BadParameter */
function requireAsExportable({ releasePolicy }: Pick<ImportRequest, 'releasePolicy'>, kek: KeyVersion): void {
  if (releasePolicy === undefined) return;
  const own = kek.releasePolicy;
  if (!kek.attributes.exportable || own === undefined) {
    throw badParameter(
      'attributes.exportable: what comes through this key-exchange key is not exportable, as it is not itself. Make a ' +
        "key-exchange key with attributes.exportable, the same release_policy and key_ops ['import'], and wrap the key for it",
    );
  }
  if (releasePolicy.data !== own.data) {
    throw badParameter(
      'release_policy.data: is not the policy of the key-exchange key, and what comes through it is exportable under that ' +
        'one alone. Send that policy, or wrap the key for a key-exchange key with this one',
    );
  }
  if (own.immutable && !releasePolicy.immutable) {
    throw badParameter('release_policy.immutable: must be true, as it is for the key-exchange key');
  }
}

// Provenance as people and programs see it: in the audit entry of the import, and in the answer of its own row.

/** For a key that was made here, only when. */
export function wireProvenance({ provenance, attributes }: KeyVersion): Readonly<Record<string, unknown>> {
  return { ...(provenance ?? { source: 'generated', at: attributes.created }) };
}

/** One line for the record of the import. */
export function provenanceNote(key: KeyVersion): string {
  return `provenance: ${JSON.stringify(wireProvenance(key))}`;
}
