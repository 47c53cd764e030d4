// Takes in a key that a client sends as a plain JWK: the private key is in the clear in this process, on its way to the
// module, which checks that its members belong together. `byok` is the way that spares this.
import type { KeyBinding } from '../../crypto/protocol/messages.ts';
import {
  member,
  readBytes,
  readOptionalBytes,
  readOptionalObject,
  readOptionalText,
  readText,
} from '../../http/body.ts';
import { isAbsent } from '../../http/lenient-body.ts';
import type { JsonObject } from '../../http/route.ts';
import { badParameter } from '../../http/service-error.ts';
import type { Commit } from '../../store/sealed/records.ts';
import { addVersion, type KeyMaking, type NewVersion } from './add-version.ts';
import { type KeyRules, readKeyRules } from './attributes.ts';
import { resolveAkpAlg, resolveCurve, resolveKty } from './key-types.ts';
import type { KeyVersion, Provenance } from './key-version.ts';
import { refuseByModule } from './refuse-by-module.ts';

/** What plain and wrapped imports have in common. */
export interface ImportRequest extends KeyRules {
  readonly kty: KeyBinding['kty'];
  /** '' for other types than EC. */
  readonly crv: string;
  /** '' for other types than AKP. */
  readonly alg: string;
}

export interface ImportKey extends ImportRequest {
  /** Big-endian members of the JWK; those that the type does not have are empty. */
  readonly members: Readonly<Record<(typeof ALL)[number], Uint8Array>>;
}

const ALL = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'x', 'y', 'k', 'priv', 'pub'] as const;
const MEMBERS: Readonly<Record<KeyBinding['kty'], readonly (typeof ALL)[number][]>> = {
  'RSA-HSM': ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'],
  'EC-HSM': ['d', 'x', 'y'],
  'oct-HSM': ['k'],
  'AKP-HSM': ['priv'],
};
/** Longest `k` that is looked at; the keys that can be used are shorter. */
const LONGEST_K = 64;
const NONE = new Uint8Array(0);

/** The `key` of the body. `Hsm` is not looked at: every key is kept in the module. @throws ServiceError BadParameter */
export function readJwk(body: JsonObject): JsonObject {
  const jwk = readOptionalObject(body, 'key');
  if (jwk === undefined) throw badParameter("Property 'key' is required");
  return jwk;
}

/** @throws ServiceError BadParameter */
export function readImportRequest(body: JsonObject, jwk: JsonObject): ImportRequest {
  const kty = resolveKty(readText(jwk, 'kty'));
  // A JWK of another type may say what it is for; nothing here depends on it.
  const alg = kty === 'AKP-HSM' ? resolveAkpAlg(readOptionalText(jwk, 'alg')) : '';
  const crv = kty === 'EC-HSM' ? resolveCurve(readText(jwk, 'crv')) : '';
  return { kty, crv, alg, ...readKeyRules(body, kty, jwk, 'brought') };
}

/** @throws ServiceError BadParameter */
export function readPlainKey(body: JsonObject): ImportKey {
  const jwk = readJwk(body);
  const request = readImportRequest(body, jwk);
  if (!isAbsent(member(jwk, 'oth'))) {
    throw badParameter("Property 'oth': RSA keys with more than two primes are not taken");
  }
  const wanted: readonly string[] = MEMBERS[request.kty];
  const members = Object.fromEntries(ALL.map((name) => [name, wanted.includes(name) ? readBytes(jwk, name) : NONE]));
  if (request.kty === 'AKP-HSM') members['pub'] = readOptionalBytes(jwk, 'pub') ?? NONE;
  if ((members['k'] as Uint8Array).length > LONGEST_K) {
    throw badParameter(`Property 'k' may have at most ${LONGEST_K} bytes`);
  }
  return { ...request, members: members as unknown as ImportKey['members'] };
}

/** Overwrites the members. @throws ServiceError BadParameter */
export async function importKey(
  name: string,
  asked: ImportKey,
  by: Pick<Provenance, 'by' | 'authorisedBy'>,
  commit: Commit,
  service: KeyMaking,
): ReturnType<typeof addVersion> {
  const { members, crv, alg } = asked;
  const make: NewVersion['make'] = async (binding) => {
    const made = await service.crypto.send('importKey', { binding, crv, alg, ...members }).catch(refuseByModule);
    return made as typeof made & { publicKey: KeyVersion['publicKey'] };
  };
  const provenance: NewVersion['provenance'] = (at) => ({ source: 'plain-jwk', at, ...by });
  try {
    return await addVersion(name, { ...asked, make, provenance }, commit, service);
  } finally {
    for (const bytes of Object.values(members)) bytes.fill(0);
  }
}
