// The software engine: keys live in this process's memory. Not FIPS validated.
import { randomBytes, randomFillSync } from 'node:crypto';
import { curves } from '../../../formats/algorithms.ts';
import { DerError } from '../../../formats/der.ts';
import { encodeMlDsaSeed, ML_DSA_SEED_BYTES } from '../../../formats/ml-dsa.ts';
import { badRequest, CryptoError } from '../../protocol/messages.ts';
import type { Engine, EngineKey, Generated, KeySpec, KeyType } from '../engine.ts';
import { AsymmetricKey } from './asymmetric-key.ts';
import { type Libcrypto, LibcryptoError, type Pkey, type Settings } from './libcrypto.ts';
import { MlDsaKey, requireMlDsa } from './ml-dsa-key.ts';
import { SymmetricKey } from './symmetric-key.ts';

export function softwareEngine(library: Libcrypto): Engine {
  return {
    name: 'software',
    library: library.version,

    generate(spec) {
      if (spec.kty === 'oct-HSM') {
        const material = Buffer.alloc(spec.size / 8);
        randomFillSync(material);
        return { key: new SymmetricKey(library, material), material };
      }
      if (spec.kty === 'AKP-HSM') {
        requireMlDsa(library);
        const seed = Buffer.alloc(ML_DSA_SEED_BYTES);
        randomFillSync(seed);
        const material = encodeMlDsaSeed(spec.alg, seed);
        seed.fill(0);
        return { key: adopt(library, library.readPrivateKey(material), spec.kty, material), material };
      }
      const written = (pkey: Pkey): Generated => {
        const material = library.writePrivateKey(pkey);
        return { key: adopt(library, pkey, spec.kty, material), material };
      };
      const settings = generationSettings(spec);
      return spec.kty === 'RSA-HSM'
        ? library.generateRsa(settings).then(written)
        : written(library.generateEc(settings));
    },

    open(kty: KeyType, material: Uint8Array): EngineKey {
      if (kty === 'oct-HSM') return new SymmetricKey(library, material);
      if (kty === 'AKP-HSM') requireMlDsa(library);
      try {
        return adopt(library, library.readPrivateKey(material), kty, material);
      } catch (error) {
        if (error instanceof LibcryptoError || error instanceof DerError)
          throw new CryptoError('KeyRefused', 'the key does not read');
        throw error;
      }
    },

    random: (count) => randomBytes(count),
  };
}

function adopt(library: Libcrypto, pkey: Pkey, kty: Exclude<KeyType, 'oct-HSM'>, material: Uint8Array): EngineKey {
  try {
    return kty === 'AKP-HSM' ? new MlDsaKey(library, pkey) : new AsymmetricKey(library, pkey, kty, material);
  } catch (error) {
    library.freeKey(pkey);
    throw error;
  }
}

function generationSettings(spec: Extract<KeySpec, { readonly kty: 'RSA-HSM' | 'EC-HSM' }>): Settings {
  if (spec.kty === 'RSA-HSM') {
    return [
      ['rsa_keygen_bits', String(spec.size)],
      ['rsa_keygen_pubexp', String(spec.publicExponent)],
    ];
  }
  const curve = curves.get(spec.curve);
  if (curve === undefined) throw badRequest('crv', 'unknown curve');
  return [
    ['ec_paramgen_curve', curve.group],
    ['ec_param_enc', 'named_curve'],
  ];
}
