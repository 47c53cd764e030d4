// Wraps a key that lives on a PKCS#11 token for transfer, without its ever leaving the token in the clear. Many tokens do not
// have CKM_RSA_AES_KEY_WRAP, so it is put together from its two halves, both done by the token.

import type { KeyObject } from 'node:crypto';
import { orThrow, Refusal } from '../../../formats/refusal.ts';
import { loadPkcs11, MECHANISM_INVALID, type Pkcs11, TokenError } from './library.ts';

export interface TokenKey {
  readonly library: string;
  readonly tokenLabel: string;
  readonly keyLabel: string;
  /** The caller has read it from where nobody else sees it, and overwrites it. */
  readonly pin: Uint8Array;
}

const CKA = {
  ...{ class: 0x0, token: 0x1, private: 0x2, label: 0x3, keyType: 0x100, sensitive: 0x103, wrap: 0x106 },
  ...{ modulus: 0x120, publicExponent: 0x122, valueLength: 0x161, extractable: 0x162 },
} as const;
const CKO = { publicKey: 2, privateKey: 3, secretKey: 4 } as const;
const CKK_RSA = 0;
const CKM_RSA_PKCS_OAEP = 0x9;
const CKM_AES_KEY_GEN = 0x1080;
/** RFC 5649: as v3.0 names it, then as older tokens do. */
const KEY_WRAP_MECHANISMS = [0x210b, 0x210a];

/** The ciphertext of a transfer blob. @throws Refusal */
export function wrapFromToken(kek: KeyObject, { library, tokenLabel, keyLabel, pin }: TokenKey): Buffer {
  const token = orThrow(
    () => loadPkcs11(library),
    (cause) => new Refusal(`${library} is not a PKCS#11 library that loads here`, { cause }),
  );
  return orThrow(
    () => {
      token.initialize();
      try {
        const slots = token.slots().filter((slot) => token.tokenLabel(slot) === tokenLabel);
        const session = token.openSession(only(slots, `token labelled '${tokenLabel}'`));
        try {
          token.login(session, pin);
          return wrapInSession(token, session, kek, keyLabel);
        } finally {
          token.closeSession(session);
        }
      } finally {
        token.finalize();
      }
    },
    (cause) => new Refusal(cause.message, { cause }),
    TokenError,
  );
}

function wrapInSession(token: Pkcs11, session: number, kek: KeyObject, keyLabel: string): Buffer {
  const found = [CKO.privateKey, CKO.secretKey].flatMap((kind) =>
    token.find(session, [
      [CKA.class, kind],
      [CKA.label, keyLabel],
    ]),
  );
  const target = only(found, `private or secret key labelled '${keyLabel}'`);
  // Objects of this session alone: they are gone with it.
  const ephemeral = token.generateKey(
    session,
    [CKM_AES_KEY_GEN],
    [
      [CKA.token, false],
      [CKA.private, true],
      [CKA.sensitive, true],
      [CKA.extractable, true],
      [CKA.wrap, true],
      [CKA.valueLength, 32],
    ],
  );
  const { n = '', e = '' } = kek.export({ format: 'jwk' });
  const exchange = token.createObject(session, [
    [CKA.class, CKO.publicKey],
    [CKA.keyType, CKK_RSA],
    [CKA.token, false],
    [CKA.wrap, true],
    [CKA.modulus, Buffer.from(n, 'base64url')],
    [CKA.publicExponent, Buffer.from(e, 'base64url')],
  ]);
  const wrappedEphemeral = token.wrapKey(session, [CKM_RSA_PKCS_OAEP, OAEP_SHA1], exchange, ephemeral);
  return Buffer.concat([wrappedEphemeral, wrapTarget(token, session, ephemeral, target)]);
}

function wrapTarget(token: Pkcs11, session: number, ephemeral: number, target: number): Buffer {
  for (const type of KEY_WRAP_MECHANISMS) {
    try {
      return token.wrapKey(session, [type], ephemeral, target);
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      if (error.code === MECHANISM_INVALID) continue;
      throw new Refusal(`${error.message}; the key must be extractable, and not bound to trusted wrapping keys`, {
        cause: error,
      });
    }
  }
  throw new Refusal(
    'the token cannot wrap with AES key wrap with padding (CKM_AES_KEY_WRAP_KWP, CKM_AES_KEY_WRAP_PAD)',
  );
}

function only(found: readonly number[], what: string): number {
  const [first] = found;
  if (first === undefined) throw new Refusal(`there is no ${what}`);
  if (found.length > 1) throw new Refusal(`there are ${found.length} with that name, not one ${what}`);
  return first;
}

/** CK_RSA_PKCS_OAEP_PARAMS: CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, no label. */
const OAEP_SHA1 = Buffer.from(BigUint64Array.of(0x220n, 1n, 1n, 0n, 0n).buffer);
