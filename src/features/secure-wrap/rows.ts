// secureWrapKey and secureUnwrapKey: a fresh AES-256 key that leaves the module wrapped, and later only encrypted to an
// enclave that satisfies the wrapping key's release policy.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { toBase64url } from '../../formats/base64url.ts';
import { type AnyRow, HEAVIEST, row } from '../../http/route.ts';
import { badParameter, ServiceError } from '../../http/service-error.ts';
import { requireKey } from '../keys/find-key.ts';
import type { KeyIndex } from '../keys/key-index.ts';
import { SECURE_SINCE } from '../keys/key-types.ts';
import { bindingOf, type KeyVersion, keyId } from '../keys/key-version.ts';
import { refuseByModule } from '../keys/refuse-by-module.ts';
import type { KeyReleasePolicy } from '../keys/release-policy.ts';
import { part } from '../part.ts';
import { type TargetVerifying, verifyTarget } from '../release/target/verify-target.ts';
import { readUnwrap, readWrap, requireFit, type Unwrap, type Wrap } from './read-request.ts';

const ACTION = 'Microsoft.KeyVault/managedHsm/keys';

interface SecureWrapping extends TargetVerifying {
  readonly crypto: CryptoClient;
  readonly keys: KeyIndex;
}

export function secureWrapRows(service: SecureWrapping): readonly AnyRow[] {
  const { crypto, keys, now } = service;
  const common = {
    method: 'POST',
    since: SECURE_SINCE,
    scope: 'key',
    activation: 'active',
    repeatable: true,
    // The key is opened for it alone.
    weight: () => HEAVIEST / 2,
  } as const;
  return ['/keys/:name', '/keys/:name/:version'].flatMap((path) => [
    row<Wrap>({
      ...common,
      path: `${path}/securewrapkey`,
      operationName: 'KeySecureWrap',
      dataAction: `${ACTION}/wrap/action`,
      readBody: readWrap,
      async handle({ params, body, origin, url }) {
        const key = requireKey(keys, { params, url });
        requirePolicyFor(key, 'secureWrapKey');
        requireValid(key, now());
        requireFit(key, body.algorithm);
        const { wrapped } = await crypto
          .send('secureWrap', { binding: bindingOf(key), blob: key.blob, algorithm: body.algorithm })
          .catch(refuseByModule);
        return result(key, origin, body.algorithm, wrapped);
      },
    }),
    row<Unwrap>({
      ...common,
      path: `${path}/secureunwrapkey`,
      operationName: 'KeySecureUnwrap',
      dataAction: `${ACTION}/unwrap/action`,
      readBody: readUnwrap,
      async handle({ params, body, origin, url }) {
        const key = requireKey(keys, { params, url });
        const policy = requirePolicyFor(key, 'secureUnwrapKey');
        requireFit(key, body.algorithm);
        const { authority, enclaveKey } = await verifyTarget(body.target, policy, service);
        const { algorithm, wrapped } = body;
        const { value } = await crypto
          .send('secureUnwrap', { binding: bindingOf(key), blob: key.blob, algorithm, wrapped, target: enclaveKey })
          .catch(refuseUnwrap);
        return {
          ...result(key, origin, algorithm, value),
          note: `unwrapped for the enclave key '${enclaveKey.kid}' that ${authority} vouches for`,
        };
      },
    }),
  ]);
}

function result(key: KeyVersion, origin: string, alg: string, value: Uint8Array) {
  return {
    status: 200,
    body: { alg, kid: keyId(origin, key), value: toBase64url(value) },
    key: keyId('', key),
  };
}

/** The policy of a key that may do this: none has the operations without one. */
function requirePolicyFor({ attributes, keyOps, releasePolicy }: KeyVersion, operation: string): KeyReleasePolicy {
  if (!attributes.enabled) {
    throw new ServiceError('Forbidden', `Operation ${operation} is not allowed on a disabled key`, {
      innerCode: 'KeyDisabled',
    });
  }
  if (keyOps.includes(operation) && releasePolicy !== undefined) return releasePolicy;
  throw new ServiceError('Forbidden', `Operation ${operation} is not among the key's key_ops`, {
    innerCode: 'KeyOperationForbidden',
  });
}

/** Wrapping makes new protected data; unwrapping old data goes on outside the validity. */
function requireValid({ attributes: { nbf, exp } }: KeyVersion, now: number): void {
  const innerCode =
    nbf !== undefined && now < nbf ? 'KeyNotYetValid' : exp !== undefined && now >= exp ? 'KeyExpired' : '';
  if (innerCode === '') return;
  throw new ServiceError('Forbidden', 'Operation secureWrapKey is not allowed outside the validity of the key', {
    innerCode,
  });
}

/** One text for every value that does not unwrap. */
function refuseUnwrap(error: unknown): never {
  if (error instanceof CryptoError && error.code === 'CryptoFailed') {
    throw badParameter('The value could not be unwrapped with this key and algorithm', {
      cause: error,
    });
  }
  return refuseByModule(error);
}

export const secureWrap = part({ serve: (service: SecureWrapping) => ({ rows: secureWrapRows(service) }) });
