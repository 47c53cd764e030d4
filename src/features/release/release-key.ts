// Releases a key to an enclave: rules of the key, the enclave's token, then the module, which wraps and signs.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import type { Answer, RowRequest } from '../../http/route.ts';
import { keyBundle, keyId, type Retention } from '../keys/bundle.ts';
import { keyDetail } from '../keys/entry-details.ts';
import { bindingOf, type KeyVersion } from '../keys/key-version.ts';
import { refuseByModule } from '../keys/refuse-by-module.ts';
import type { ReleaseRequest } from './read-request.ts';
import { requireReleasable } from './releasable.ts';
import { type TargetVerifying, verifyTarget } from './target/verify-target.ts';

export interface Releasing extends TargetVerifying {
  readonly crypto: CryptoClient;
  readonly retention: Retention;
}

/** @throws ServiceError */
export async function releaseKey(
  key: KeyVersion,
  request: RowRequest<ReleaseRequest>,
  service: Releasing,
): Promise<Answer> {
  const { body, params, origin, apiVersion } = request;
  const policy = requireReleasable(key);
  const { authority, enclaveKey } = await verifyTarget(body.target, policy, service);
  const bundle = keyBundle(key, request, service.retention) as { readonly attributes: object };
  // As it was asked for: without a version unless one was named.
  const asked = `${origin}/keys/${params['name'] ?? ''}${params['version'] ? `/${params['version']}` : ''}`;
  const { token } = await service.crypto
    .send('releaseKey', {
      binding: bindingOf(key),
      blob: key.blob,
      target: enclaveKey,
      enc: body.enc,
      request: { 'api-version': apiVersion, kid: asked, ...(body.nonce === undefined ? {} : { nonce: body.nonce }) },
      kid: keyId(origin, key),
      attributes: bundle.attributes,
      policy,
    })
    .catch(refuseByModule);
  return {
    status: 200,
    body: { value: token },
    detail: { ...keyDetail(key), authority, enclaveKey: enclaveKey.kid },
    key: keyId('', key),
    note: `released to the enclave key '${enclaveKey.kid}' that ${authority} vouches for`,
  };
}
