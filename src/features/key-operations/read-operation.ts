// The body of encrypt, decrypt, wrapKey, unwrapKey, sign and verify: members by operation, forms checked. Whether they
// fit the key is for `rules.ts`.
import { type Algorithm, algorithms, type Operation } from '../../formats/algorithms.ts';
import { readBytes, readOptionalBytes, readText } from '../../wire/body.ts';
import type { JsonObject } from '../../wire/route.ts';
import { ServiceError } from '../../wire/service-error.ts';

export interface OperationRequest {
  readonly algorithm: Algorithm;
  /** What is encrypted, decrypted, wrapped, unwrapped or signed; for verify the digest. */
  readonly input: Buffer;
  /** verify: the signature · authenticated decryption: the tag */
  readonly proof: Buffer | undefined;
  readonly iv: Buffer | undefined;
  readonly aad: Buffer | undefined;
}

/** @throws ServiceError BadParameter */
export function readOperation(operation: Operation, body: JsonObject): OperationRequest {
  const algorithm = requireAlgorithm(operation, readText(body, 'alg'));
  if (operation === 'verify') {
    return {
      algorithm,
      input: readBytes(body, 'digest'),
      proof: readBytes(body, 'value'),
      iv: undefined,
      aad: undefined,
    };
  }
  const input = readBytes(body, 'value');
  if (operation === 'sign') return { algorithm, input, proof: undefined, iv: undefined, aad: undefined };
  return {
    algorithm,
    input,
    proof: readOptionalBytes(body, 'tag'),
    iv: readOptionalBytes(body, 'iv'),
    aad: readOptionalBytes(body, 'aad'),
  };
}

function requireAlgorithm(operation: Operation, name: string): Algorithm {
  const algorithm = algorithms.get(name);
  if (algorithm?.operations.includes(operation)) return algorithm;
  const known = [...algorithms.values()].filter((row) => row.operations.includes(operation)).map((row) => row.name);
  throw new ServiceError(
    'BadParameter',
    `Invalid alg: '${name.slice(0, 40)}'. ${operation} takes one of ${known.join(', ')}`,
  );
}
