// Which keys can be made. Parameters that a type does not have must be absent (0 or ''), never ignored.

import type { KeySpec, KeyType } from '../crypto/engines/engine.ts';
import { badRequest, type CryptoError, type RequestOf } from '../crypto/protocol/messages.ts';
import { curves, rsaExponents } from '../formats/algorithms.ts';
import { mlDsaSets } from '../formats/ml-dsa.ts';

const RSA_SIZES = [2048, 3072, 4096];
const OCT_SIZES = [128, 192, 256];

/** @throws CryptoError BadRequest naming the field as the API spells it */
export function readKeySpec(kty: KeyType, { size, curve, publicExponent, alg }: RequestOf<'createKey'>): KeySpec {
  if (kty !== 'EC-HSM' && curve !== '') throw badRequest('crv', `is not for ${kty}`);
  if (kty !== 'RSA-HSM' && publicExponent !== 0) throw badRequest('public_exponent', `is not for ${kty}`);
  if (kty !== 'AKP-HSM' && alg !== '') throw badRequest('alg', `is not for ${kty}`);
  switch (kty) {
    case 'RSA-HSM':
      if (!RSA_SIZES.includes(size)) throw invalidSize(size);
      if (!rsaExponents.includes(publicExponent)) {
        throw badRequest('public_exponent', `must be one of ${rsaExponents.join(', ')}`);
      }
      return { kty, size, publicExponent };
    case 'EC-HSM':
      if (size !== 0) throw badRequest('key_size', `is not for ${kty}`);
      if (!curves.has(curve)) throw badRequest('crv', 'is not a curve of this service');
      return { kty, curve };
    case 'oct-HSM':
      if (!OCT_SIZES.includes(size)) throw invalidSize(size);
      return { kty, size };
    case 'AKP-HSM':
      if (size !== 0) throw badRequest('key_size', `is not for ${kty}`);
      if (!mlDsaSets.has(alg)) throw badRequest('alg', 'is not a signature algorithm of this service');
      return { kty, alg };
  }
}

function invalidSize(size: number): CryptoError {
  return badRequest('key_size', `Invalid key size: '${size}'`);
}
