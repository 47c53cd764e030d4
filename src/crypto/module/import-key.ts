// From the members of a private JWK to the material that the engine opens. Everything is checked: a key that comes from
// outside may be wrong by accident or on purpose.
import { encodeEcPkcs8, encodeRsaPkcs8, type RsaNumbers } from '../../formats/pkcs8.ts';
import { CryptoError, type KeyBinding } from '../protocol/messages.ts';
import { checkEcMembers, type EcMembers } from './ec-consistency.ts';
import { checkRsaNumbers } from './rsa-consistency.ts';

/** Members that the type does not have are empty. */
export type ImportedMembers = RsaNumbers & EcMembers & { readonly k: Uint8Array };

/** The caller overwrites it. @throws CryptoError BadRequest naming the member */
export async function materialOf(kty: KeyBinding['kty'], members: ImportedMembers): Promise<Buffer> {
  switch (kty) {
    case 'RSA-HSM':
      return rsaMaterial(members);
    case 'EC-HSM':
      return ecMaterial(members);
    case 'oct-HSM':
      return octMaterial(members.k);
  }
}

export async function rsaMaterial(numbers: RsaNumbers): Promise<Buffer> {
  await checkRsaNumbers(numbers);
  return encodeRsaPkcs8(numbers);
}

/** x and y may be empty, if the form of the key allows that they are left out. */
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
