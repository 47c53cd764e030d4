// Takes in a key that a client sends as a plain JWK: the private key is in the clear in this process, on its way to the
// module, which checks that its members belong together. `byok` is the way that spares this.
import type { KeyBinding } from '../../crypto/protocol/messages.ts';
import { isSecure } from '../../formats/key-wrap-modes.ts';
import {
  member,
  readBytes,
  readOptionalBytes,
  readOptionalObject,
  readOptionalText,
  readOptionalTextList,
  readText,
} from '../../http/body.ts';
import { isAbsent } from '../../http/lenient-body.ts';
import type { JsonObject } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { Commit, Head } from '../../store/sealed/records.ts';
import { addVersion, type KeyMaking } from './add-version.ts';
import { checkValidity, type RequestedAttributes, readAttributes, readTags } from './attributes.ts';
import { resolveAkpAlg, resolveCurve, resolveKeyOps, resolveKty } from './key-types.ts';
import type { KeyVersion } from './key-version.ts';
import type { PlainProvenance } from './provenance.ts';
import { refuseByModule } from './refuse-by-module.ts';
import { type KeyReleasePolicy, requireReleasePolicy } from './release-policy.ts';

/** What plain and wrapped imports have in common. */
export interface ImportRequest {
  readonly kty: KeyBinding['kty'];
  /** '' for other types than EC. */
  readonly crv: string;
  /** '' for other types than AKP. */
  readonly alg: string;
  readonly keyOps: readonly string[];
  readonly attributes: RequestedAttributes;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly releasePolicy: KeyReleasePolicy | undefined;
}

/** Big-endian members of the JWK; those that the type does not have are empty. */
export type PrivateMembers = Readonly<Record<(typeof ALL)[number], Uint8Array>>;

export interface ImportKey extends ImportRequest {
  readonly members: PrivateMembers;
}

const RSA = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const;
const EC = ['d', 'x', 'y'] as const;
const OCT = ['k'] as const;
const AKP = ['priv'] as const;
const ALL = [...RSA, 'x', 'y', 'k', 'priv', 'pub'] as const;
const MEMBERS: Readonly<Record<KeyBinding['kty'], readonly (typeof ALL)[number][]>> = {
  'RSA-HSM': RSA,
  'EC-HSM': EC,
  'oct-HSM': OCT,
  'AKP-HSM': AKP,
};
/** Longest `k` that is looked at; the keys that can be used are shorter. */
const LONGEST_K = 64;
const NONE = new Uint8Array(0);

/** The `key` of the body. `Hsm` is not looked at: every key is kept in the module. @throws ServiceError BadParameter */
export function readJwk(body: JsonObject): JsonObject {
  const jwk = readOptionalObject(body, 'key');
  if (jwk === undefined) throw new ServiceError('BadParameter', "Property 'key' is required");
  return jwk;
}

/** @throws ServiceError BadParameter */
export function readImportRequest(body: JsonObject, jwk: JsonObject): ImportRequest {
  const kty = resolveKty(readText(jwk, 'kty'));
  // A JWK of another type may say what it is for; nothing here depends on it.
  const alg = kty === 'AKP-HSM' ? resolveAkpAlg(readOptionalText(jwk, 'alg')) : '';
  const crv = kty === 'EC-HSM' ? resolveCurve(readText(jwk, 'crv')) : '';
  const attributes = readAttributes(body);
  checkValidity(attributes);
  const keyOps = resolveKeyOps(kty, readOptionalTextList(jwk, 'key_ops'), attributes.exportable);
  if (isSecure(keyOps)) {
    throw new ServiceError(
      'BadParameter',
      "key_ops 'secureWrapKey' and 'secureUnwrapKey' are for keys made here: who brings a key could open all that it wraps",
    );
  }
  const releasePolicy = requireReleasePolicy(body, { exportable: attributes.exportable, secure: false });
  return {
    kty,
    crv,
    alg,
    keyOps,
    attributes,
    tags: readTags(body),
    releasePolicy,
  };
}

/** @throws ServiceError BadParameter */
export function readPlainKey(body: JsonObject): ImportKey {
  const jwk = readJwk(body);
  const request = readImportRequest(body, jwk);
  if (!isAbsent(member(jwk, 'oth'))) {
    throw new ServiceError('BadParameter', "Property 'oth': RSA keys with more than two primes are not taken");
  }
  const wanted: readonly string[] = MEMBERS[request.kty];
  const members = Object.fromEntries(ALL.map((name) => [name, wanted.includes(name) ? readBytes(jwk, name) : NONE]));
  if (request.kty === 'AKP-HSM') members['pub'] = readOptionalBytes(jwk, 'pub') ?? NONE;
  if ((members['k'] as Uint8Array).length > LONGEST_K) {
    throw new ServiceError('BadParameter', `Property 'k' may have at most ${LONGEST_K} bytes`);
  }
  return { ...request, members: members as unknown as PrivateMembers };
}

/** Overwrites the members. @throws ServiceError BadParameter */
export async function importKey(
  name: string,
  asked: ImportKey,
  by: Pick<PlainProvenance, 'by' | 'authorisedBy'>,
  commit: Commit,
  service: KeyMaking,
): Promise<{ readonly key: KeyVersion; readonly head: Head }> {
  const { members, crv, alg } = asked;
  try {
    return await addVersion(
      name,
      {
        ...asked,
        make: async (binding) => {
          const made = await service.crypto.send('importKey', { binding, crv, alg, ...members }).catch(refuseByModule);
          return made as typeof made & { publicKey: KeyVersion['publicKey'] };
        },
        provenance: (at) => ({ source: 'plain-jwk', at, ...by }),
      },
      commit,
      service,
    );
  } finally {
    for (const bytes of Object.values(members)) bytes.fill(0);
  }
}
