// Whether an operation may be done with a key now, and whether its inputs fit: checked before the module is asked, so
// that a refusal can say what is wrong. The module checks what matters for custody again.
import { algorithms, type Operation, operations } from '../../formats/algorithms.ts';
import { ML_DSA_MAX_CONTEXT, ML_DSA_MU_BYTES } from '../../formats/ml-dsa.ts';
import { hasVersion } from '../../http/api-version.ts';
import { badParameter, ServiceError } from '../../http/service-error.ts';
import type { KeyVersion } from '../keys/key-version.ts';
import type { AskedOperation, OperationRequest } from './read-operation.ts';

/** The operations that make new protected data: refused outside the validity period, their inverses are not. */
const PRODUCING: ReadonlySet<Operation> = new Set<Operation>(['encrypt', 'wrapKey', 'sign']);

/** @throws ServiceError Forbidden with innererror KeyDisabled | KeyNotYetValid | KeyExpired | KeyOperationForbidden */
export function checkUsable(key: KeyVersion, operation: Operation, now: number): void {
  const { enabled, nbf, exp } = key.attributes;
  if (!enabled) throw forbidden('KeyDisabled', `Operation ${operation} is not allowed on a disabled key`);
  if (PRODUCING.has(operation)) {
    if (nbf !== undefined && now < nbf) {
      throw forbidden('KeyNotYetValid', `Operation ${operation} is not allowed before the key is valid (nbf ${nbf})`);
    }
    if (exp !== undefined && now >= exp) {
      throw forbidden('KeyExpired', `Operation ${operation} is not allowed on an expired key (exp ${exp})`);
    }
  }
  const { keyOp } = operations[operation];
  if (!key.keyOps.includes(keyOp)) {
    throw forbidden(
      'KeyOperationForbidden',
      `Operation ${operation} is not among the key's key_ops (${key.keyOps.join(', ')})`,
    );
  }
}

/** AKP keys know one algorithm, so it may be left out. @throws ServiceError BadParameter */
export function withAlgorithm({ publicKey }: KeyVersion, asked: AskedOperation): OperationRequest {
  if (asked.algorithm !== undefined) return asked as OperationRequest;
  const algorithm = publicKey.kty === 'AKP-HSM' ? algorithms.get(publicKey.alg) : undefined;
  if (algorithm !== undefined) return { ...asked, algorithm };
  if (asked.externalMu === true) {
    throw badParameter("Property 'external_mu' is for AKP keys; others take 'alg' and 'value'");
  }
  throw badParameter("Property 'alg' is required");
}

/** @throws ServiceError BadParameter */
export function checkFits(key: KeyVersion, operation: Operation, request: OperationRequest, apiVersion: string): void {
  const { algorithm } = request;
  if (!hasVersion(apiVersion, algorithm.since)) {
    throw badParameter(`alg ${algorithm.name} needs api-version ${algorithm.since} or later`);
  }
  if (algorithm.kty !== key.kty) {
    throw badParameter(`alg ${algorithm.name} does not fit a key of type ${key.kty}`);
  }
  checkSize(key, request);
  checkMessage(request);
  checkVectors(operation, request);
}

function checkSize({ publicKey }: KeyVersion, { algorithm, input }: OperationRequest): void {
  const { scheme } = algorithm;
  if (scheme.kind === 'ecdsa' && publicKey.kty === 'EC-HSM' && scheme.curve !== publicKey.crv) {
    throw badParameter(`alg ${algorithm.name} needs a key on ${scheme.curve}; this one is on ${publicKey.crv}`);
  }
  if ('keyBits' in scheme && publicKey.kty === 'oct-HSM' && scheme.keyBits !== 0 && scheme.keyBits !== publicKey.size) {
    throw badParameter(
      `alg ${algorithm.name} needs a key of ${scheme.keyBits} bits; the key size of this one is ${publicKey.size}`,
    );
  }
  if (scheme.kind === 'ml-dsa' && publicKey.kty === 'AKP-HSM' && scheme.parameterSet !== publicKey.alg) {
    throw badParameter(`alg ${algorithm.name} does not fit this key, which is of ${publicKey.alg}`);
  }
  if (algorithm.digestLength !== undefined && input.length !== algorithm.digestLength) {
    throw badParameter(
      `alg ${algorithm.name} takes a digest of ${algorithm.digestLength} bytes; this one has ${input.length}`,
    );
  }
}

function checkMessage({ algorithm, input, context, externalMu }: OperationRequest): void {
  if (algorithm.scheme.kind !== 'ml-dsa') {
    if (context === undefined) return;
    throw badParameter(`Property 'context' does not belong to alg ${algorithm.name}`);
  }
  if (context !== undefined && context.length > ML_DSA_MAX_CONTEXT) {
    throw badParameter(
      `Property 'context' has ${context.length} bytes; ${algorithm.name} takes at most ${ML_DSA_MAX_CONTEXT}`,
    );
  }
  if (externalMu === true && input.length !== ML_DSA_MU_BYTES) {
    throw badParameter(`Property 'external_mu' has ${input.length} bytes; ${algorithm.name} takes ${ML_DSA_MU_BYTES}`);
  }
}

function checkVectors(operation: Operation, { algorithm, iv, proof, aad }: OperationRequest): void {
  const { kind } = algorithm.scheme;
  if (kind === 'aes-gcm') {
    if (operation === 'encrypt') {
      if (iv !== undefined) throw badParameter("Property 'iv' must be left out: the service makes it for AES-GCM");
      rejectMember('tag', proof, algorithm.name, operation);
      return;
    }
    requireLength('iv', iv, 12, algorithm.name);
    requireLength('tag', proof, 16, algorithm.name);
    return;
  }
  if (operation !== 'verify') rejectMember('tag', proof, algorithm.name, operation);
  if (kind === 'aes-cbc' || kind === 'aes-cbc-pad') {
    // The service passes an `aad` over here, and so is it: CBC authenticates nothing.
    requireLength('iv', iv, 16, algorithm.name);
    return;
  }
  rejectMember('aad', aad, algorithm.name, operation);
  rejectMember('iv', iv, algorithm.name, operation);
}

function requireLength(name: string, value: Buffer | undefined, bytes: number, algorithm: string): void {
  if (value?.length === bytes) return;
  const problem = value === undefined ? 'is missing' : `has ${value.length} bytes`;
  throw badParameter(`Property '${name}' ${problem}: alg ${algorithm} takes ${bytes} bytes`);
}

/** An empty member is as good as none; some clients send them. */
function rejectMember(name: string, value: Buffer | undefined, algorithm: string, operation: string): void {
  if (value === undefined || value.length === 0) return;
  throw badParameter(`Property '${name}' does not belong to ${operation} with alg ${algorithm}`);
}

function forbidden(innerCode: string, message: string): ServiceError {
  return new ServiceError('Forbidden', message, { innerCode });
}
