// Takes in a key that comes wrapped: the service hands the ciphertext on to the module and never sees the key.
import { createHash } from 'node:crypto';
import { toBase64url } from '../../formats/base64url.ts';
import type { Commit, Head } from '../../store/sealed/records.ts';
import { addVersion, type KeyMaking } from '../keys/add-version.ts';
import { keyId } from '../keys/bundle.ts';
import { bindingOf, type KeyVersion } from '../keys/key-version.ts';
import type { ByokProvenance } from '../keys/provenance.ts';
import { refuseByModule } from '../keys/refuse-by-module.ts';
import { policyFromCreation } from '../keys/release-policy.ts';
import { requireAsExportable } from './as-exportable.ts';
import { findKek } from './find-kek.ts';
import type { ImportWrappedKey } from './read-wrapped-key.ts';

/** @throws ServiceError BadParameter */
export async function importWrappedKey(
  name: string,
  asked: ImportWrappedKey,
  by: Pick<ByokProvenance, 'by' | 'authorisedBy'>,
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
