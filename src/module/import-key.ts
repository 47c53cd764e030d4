// Keys that come from outside as the members of a private JWK. Everything is checked: such a key may be wrong by accident
// or on purpose.

import { createECDH, ECDH } from 'node:crypto';
import type { Engine } from '../crypto/engines/engine.ts';
import { badRequest, type KeyBinding, type PublicKey, type RequestOf } from '../crypto/protocol/messages.ts';
import { curves } from '../formats/algorithms.ts';
import { toBase64url } from '../formats/base64url.ts';
import { withoutLeadingZeros } from '../formats/der.ts';
import { encodeMlDsaSeed, ML_DSA_SEED_BYTES, mlDsaSets } from '../formats/ml-dsa.ts';
import { encodeEcPkcs8, encodeRsaPkcs8, type RsaNumbers } from '../formats/pkcs8.ts';
import { checkBroughtBinding } from './key-binding.ts';
import { sealKey } from './key-blobs.ts';
import { checkRsaNumbers } from './rsa-consistency.ts';
import type { Provisioned } from './sealed-state.ts';

type EcMembers = Pick<RequestOf<'importKey'>, 'crv' | 'd' | 'x' | 'y'>;

export interface SealedKey {
  readonly publicKey: PublicKey;
  readonly blob: Buffer;
}

/** Members that the type does not have are empty. Overwrites those that it was given. @throws CryptoError BadRequest naming the member */
export async function importKey(
  state: Provisioned,
  engine: Engine,
  { binding: claimed, ...members }: RequestOf<'importKey'>,
): Promise<SealedKey> {
  try {
    const binding = checkBroughtBinding(claimed);
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

async function materialOf(kty: KeyBinding['kty'], members: Omit<RequestOf<'importKey'>, 'binding'>): Promise<Buffer> {
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
    throw badRequest('k', `Invalid key size: '${k.length * 8}'. Use 16, 24 or 32 bytes`);
  }
  const material = Buffer.alloc(k.length);
  material.set(k);
  return material;
}

function akpMaterial({ alg, priv }: Pick<RequestOf<'importKey'>, 'alg' | 'priv'>): Buffer {
  if (!mlDsaSets.has(alg)) throw badRequest('alg', 'is not a signature algorithm of this service');
  if (priv.length !== ML_DSA_SEED_BYTES) {
    throw badRequest('priv', `must be the seed of ${ML_DSA_SEED_BYTES} bytes, not ${priv.length}`);
  }
  return encodeMlDsaSeed(alg, priv);
}

/** Only the engine makes the public key of a seed, so what the client says of it is compared afterwards. */
function checkPub(publicKey: PublicKey, pub: Uint8Array): void {
  if (pub.length === 0) return;
  if (publicKey.kty === 'AKP-HSM' && publicKey.pub === toBase64url(pub)) return;
  throw badRequest('pub', 'does not belong to priv');
}

/**
 * Whether both halves of an EC key belong together. What is checked against is computed from `d`.
 * @returns `d` with the field's length, and the point 0x04 ‖ x ‖ y. Clients drop leading zero bytes: they are put back.
 * @param members x and y both empty: computed
 * @throws CryptoError BadRequest naming the member
 */
function checkEcMembers(members: EcMembers): { readonly d: Buffer; readonly point: Buffer } {
  const curve = curves.get(members.crv);
  if (curve === undefined) throw badRequest('crv', 'is not a curve of this service');
  const d = padded('d', members.d, curve.bytes);
  const point = publicPoint(d, curve.group);
  if (members.x.length === 0 && members.y.length === 0) return { d, point };
  const x = padded('x', members.x, curve.bytes);
  const y = padded('y', members.y, curve.bytes);
  const claimed = Buffer.concat([Uint8Array.of(4), x, y]);
  if (claimed.equals(point)) return { d, point };
  d.fill(0);
  try {
    ECDH.convertKey(claimed, curve.group);
  } catch {
    throw badRequest('x', `and y are not a point of ${members.crv}`);
  }
  throw badRequest('d', 'does not belong to x and y');
}

function publicPoint(d: Buffer, group: string): Buffer {
  const computed = createECDH(group);
  try {
    computed.setPrivateKey(d);
  } catch {
    d.fill(0);
    throw badRequest('d', 'is not in the range of the curve');
  }
  return computed.getPublicKey();
}

function padded(member: string, bytes: Uint8Array, width: number): Buffer {
  if (bytes.length === 0) throw badRequest(member, 'is required for an EC key');
  const digits = withoutLeadingZeros(bytes);
  if (digits.length > width) throw badRequest(member, `has more than ${width} bytes`);
  const out = Buffer.alloc(width);
  out.set(digits, width - digits.length);
  return out;
}
