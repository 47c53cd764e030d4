// The bodies of secureWrapKey and secureUnwrapKey, and which algorithm goes with which key.
import { secureWrapAlgorithms } from '../../formats/key-wrap-modes.ts';
import { member, readBytes, readText } from '../../http/body.ts';
import { isAbsent } from '../../http/lenient-body.ts';
import type { JsonObject } from '../../http/route.ts';
import { badParameter } from '../../http/service-error.ts';
import type { KeyVersion } from '../keys/key-version.ts';

export interface Wrap {
  readonly algorithm: string;
}

export interface Unwrap extends Wrap {
  readonly wrapped: Buffer;
  /** The enclave's attestation token. */
  readonly target: string;
}

/** @throws ServiceError BadParameter */
export function readWrap(body: JsonObject): Wrap {
  if (!isAbsent(member(body, 'value'))) {
    throw badParameter("Property 'value' must be left out: the service makes the key that is wrapped");
  }
  return { algorithm: readAlgorithm(body) };
}

/** @throws ServiceError BadParameter */
export function readUnwrap(body: JsonObject): Unwrap {
  if (!isAbsent(member(body, 'applicationTrustedIssuer'))) {
    throw badParameter("Property 'applicationTrustedIssuer' is not offered by this service");
  }
  return { algorithm: readAlgorithm(body), wrapped: readBytes(body, 'value'), target: readText(body, 'target') };
}

/** @throws ServiceError BadParameter */
export function requireFit({ kty, publicKey }: KeyVersion, algorithm: string): void {
  const row = secureWrapAlgorithms.get(algorithm);
  const size = publicKey.kty === 'oct-HSM' ? publicKey.size : 0;
  if (row?.kty === kty && (row.bits === 0 || row.bits === size)) return;
  throw badParameter(`alg ${algorithm} does not fit this key: type and key size must be its own`);
}

function readAlgorithm(body: JsonObject): string {
  const algorithm = readText(body, 'alg');
  if (secureWrapAlgorithms.has(algorithm)) return algorithm;
  throw badParameter(
    `Invalid alg: '${algorithm.slice(0, 40)}'. Use one of ${[...secureWrapAlgorithms.keys()].join(', ')}`,
  );
}
