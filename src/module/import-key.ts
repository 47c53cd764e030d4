// Keys that come from outside as the members of a private JWK. Everything is checked: such a key may be wrong by accident
// or on purpose.

import type { Engine } from '../crypto/engines/engine.ts';
import { CryptoError, type KeyBinding, type PublicKey } from '../crypto/protocol/messages.ts';
import { toBase64url } from '../formats/base64url.ts';
import { encodeMlDsaSeed, ML_DSA_SEED_BYTES, mlDsaSets } from '../formats/ml-dsa.ts';
import { encodeEcPkcs8, encodeRsaPkcs8, type RsaNumbers } from '../formats/pkcs8.ts';
import { checkEcMembers, type EcMembers } from './ec-consistency.ts';
import { checkBroughtBinding } from './key-binding.ts';
import { sealKey } from './key-blobs.ts';
import { checkRsaNumbers } from './rsa-consistency.ts';
import type { Provisioned } from './sealed-state.ts';

/** Members that the type does not have are empty. */
export type ImportedMembers = RsaNumbers & EcMembers & AkpMembers & { readonly k: Uint8Array };

interface AkpMembers {
  readonly alg: string;
  readonly priv: Uint8Array;
  readonly pub: Uint8Array;
}

export interface SealedKey {
  readonly publicKey: PublicKey;
  readonly blob: Buffer;
}

/** Overwrites the members that it was given. @throws CryptoError BadRequest naming the member */
export async function importKey(
  state: Provisioned,
  engine: Engine,
  { binding: grantHeaders, ...members }: ImportedMembers & { readonly binding: unknown },
): Promise<SealedKey> {
  try {
    const binding = checkBroughtBinding(grantHeaders);
    const sealed = sealMaterial(state, engine, binding, await materialOf(binding.kty, members));
    checkPub(sealed.publicKey, members.pub);
    return sealed;
  } finally {
    for (const member of Object.values(members)) if (typeof member !== 'string') member.fill(0);
  }
}

/** Overwrites the material. */
export function sealMaterial(state: Provisioned, engine: Engine, binding: KeyBinding, material: Buffer): SealedKey {
  try {
    using key = engine.open(binding.kty, material);
    return { publicKey: key.publicKey, blob: sealKey(state, binding, material) };
  } finally {
    material.fill(0);
  }
}

async function materialOf(kty: KeyBinding['kty'], members: ImportedMembers): Promise<Buffer> {
  switch (kty) {
    case 'RSA-HSM':
      return rsaMaterial(members);
    case 'EC-HSM':
      return ecMaterial(members);
    case 'oct-HSM':
      return octMaterial(members.k);
    case 'AKP-HSM':
      return akpMaterial(members);
  }
}

export async function rsaMaterial(numbers: RsaNumbers): Promise<Buffer> {
  await checkRsaNumbers(numbers);
  return encodeRsaPkcs8(numbers);
}

export function ecMaterial(members: EcMembers): Buffer {
  const { d, point } = checkEcMembers(members);
  try {
    return encodeEcPkcs8({ crv: members.crv, d, point });
  } finally {
    d.fill(0);
  }
}

export function octMaterial(k: Uint8Array): Buffer {
  if (k.length !== 16 && k.length !== 24 && k.length !== 32) {
    throw new CryptoError('BadRequest', `k: Invalid key size: '${k.length * 8}'. Use 16, 24 or 32 bytes`);
  }
  const material = Buffer.alloc(k.length);
  material.set(k);
  return material;
}

function akpMaterial({ alg, priv }: AkpMembers): Buffer {
  if (!mlDsaSets.has(alg)) throw new CryptoError('BadRequest', 'alg: is not a signature algorithm of this service');
  if (priv.length !== ML_DSA_SEED_BYTES) {
    throw new CryptoError('BadRequest', `priv: must be the seed of ${ML_DSA_SEED_BYTES} bytes, not ${priv.length}`);
  }
  return encodeMlDsaSeed(alg, priv);
}

/** Only the engine makes the public key of a seed, so what the client says of it is compared afterwards. */
function checkPub(publicKey: PublicKey, pub: Uint8Array): void {
  if (pub.length === 0) return;
  if (publicKey.kty === 'AKP-HSM' && publicKey.pub === toBase64url(pub)) return;
  throw new CryptoError('BadRequest', 'pub: does not belong to priv');
}
