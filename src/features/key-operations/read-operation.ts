// The body of encrypt, decrypt, wrapKey, unwrapKey, sign and verify: members by operation, forms checked. Whether they
// fit the key is for `rules.ts`.
import { type Algorithm, algorithms, type Operation } from '../../formats/algorithms.ts';
import { member, readBytes, readOptionalBytes, readOptionalText, readText } from '../../http/body.ts';
import { isAbsent } from '../../http/lenient-body.ts';
import type { JsonObject } from '../../http/route.ts';
import { badParameter } from '../../http/service-error.ts';

export interface OperationRequest {
  readonly algorithm: Algorithm;
  /** What is encrypted, decrypted, wrapped, unwrapped or signed; for verify the digest. */
  readonly input: Buffer;
  /** verify: the signature · authenticated decryption: the tag */
  readonly proof: Buffer | undefined;
  readonly iv: Buffer | undefined;
  readonly aad: Buffer | undefined;
  /** ML-DSA (FIPS 204 §5.2). */
  readonly context?: Buffer;
  /** ML-DSA: the input is not the message but its representative mu (FIPS 204 §6.2). */
  readonly externalMu?: true;
}

/** As it was asked: to sign and verify, keys that know one algorithm need not be told it. */
export type AskedOperation = Omit<OperationRequest, 'algorithm'> & { readonly algorithm: Algorithm | undefined };

/** @throws ServiceError BadParameter */
export function readOperation(operation: Operation, body: JsonObject): AskedOperation {
  if (operation === 'sign' || operation === 'verify') return readSignature(operation, body);
  const algorithm = requireAlgorithm(operation, readText(body, 'alg'));
  return {
    algorithm,
    input: readBytes(body, 'value'),
    proof: readOptionalBytes(body, 'tag'),
    iv: readOptionalBytes(body, 'iv'),
    aad: readOptionalBytes(body, 'aad'),
  };
}

/** What is signed is the `value` of sign and the `digest` of verify, whose `value` is the signature. */
function readSignature(operation: 'sign' | 'verify', body: JsonObject): AskedOperation {
  const proof = operation === 'verify' ? readBytes(body, 'value') : undefined;
  const signed = operation === 'verify' ? 'digest' : 'value';
  const mu = readOptionalBytes(body, 'external_mu');
  if (mu !== undefined) {
    for (const name of ['alg', 'context', signed]) {
      if (isAbsent(member(body, name))) continue;
      throw badParameter(`Property '${name}' does not go with 'external_mu', which stands for it`);
    }
    return { algorithm: undefined, input: mu, proof, iv: undefined, aad: undefined, externalMu: true };
  }
  const name = readOptionalText(body, 'alg');
  const algorithm = name === undefined ? undefined : requireAlgorithm(operation, name);
  const request = { algorithm, input: readBytes(body, signed), proof, iv: undefined, aad: undefined };
  const context = readOptionalBytes(body, 'context');
  return context === undefined ? request : { ...request, context };
}

function requireAlgorithm(operation: Operation, name: string): Algorithm {
  const algorithm = algorithms.get(name);
  if (algorithm?.operations.includes(operation)) return algorithm;
  const known = [...algorithms.values()].filter((row) => row.operations.includes(operation)).map((row) => row.name);
  throw badParameter(`Invalid alg: '${name.slice(0, 40)}'. ${operation} takes one of ${known.join(', ')}`);
}
