// Releases a key to an enclave: rules of the key, the enclave's token, then the module, which wraps and signs.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { DEFAULT_WRAP_MODE, isSecure, wrapModes } from '../../formats/key-wrap-modes.ts';
import { readOptionalText, readText } from '../../http/body.ts';
import type { Answer, JsonObject, RowRequest } from '../../http/route.ts';
import { badParameter, ServiceError } from '../../http/service-error.ts';
import { keyBundle, type Retention } from '../keys/bundle.ts';
import { keyDetail } from '../keys/entry-details.ts';
import { bindingOf, type KeyVersion, keyId } from '../keys/key-version.ts';
import { refuseByModule } from '../keys/refuse-by-module.ts';
import type { KeyReleasePolicy } from '../keys/release-policy.ts';
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
  const { attributes } = keyBundle(key, request, service.retention);
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
      attributes,
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

// The body of release: a target token, a nonce to give back, a way to wrap.

export interface ReleaseRequest {
  readonly target: string;
  readonly nonce: string | undefined;
  readonly enc: string;
}

const MAX_NONCE = 1024;

/** @throws ServiceError BadParameter */
export function readReleaseRequest(body: JsonObject): ReleaseRequest {
  const target = readText(body, 'target');
  const nonce = readOptionalText(body, 'nonce');
  if (nonce !== undefined && nonce.length > MAX_NONCE) {
    throw badParameter(`Property 'nonce' has more than ${MAX_NONCE} characters`);
  }
  const enc = readOptionalText(body, 'enc') ?? DEFAULT_WRAP_MODE;
  if (!wrapModes.has(enc)) {
    throw badParameter(`Property 'enc' must be one of ${[...wrapModes.keys()].join(', ')}`);
  }
  return { target, nonce, enc };
}

// Which keys are released: enabled, exportable, with a policy, and not made to wrap keys for enclaves, which would open with
// it. Outside their validity they are still released, as they still decrypt.

/** @throws ServiceError Forbidden with innererror KeyDisabled | KeyNotExportable */
export function requireReleasable(key: KeyVersion): KeyReleasePolicy {
  if (!key.attributes.enabled) {
    throw new ServiceError('Forbidden', 'Operation release is not allowed on a disabled key', {
      innerCode: 'KeyDisabled',
    });
  }
  if (isSecure(key.keyOps)) {
    throw notExportable("Operation release is not for keys with key_ops 'secureWrapKey' or 'secureUnwrapKey'");
  }
  if (!key.attributes.exportable || key.releasePolicy === undefined) {
    throw notExportable('Operation release is for exportable keys with a release policy');
  }
  return key.releasePolicy;
}

function notExportable(message: string): ServiceError {
  return new ServiceError('Forbidden', message, { innerCode: 'KeyNotExportable' });
}
