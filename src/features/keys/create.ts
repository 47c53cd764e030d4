// Makes a key, or a new version of one that exists.
import { readOptionalInteger, readOptionalText, readText } from '../../http/body.ts';
import type { JsonObject } from '../../http/route.ts';
import type { Commit } from '../../store/sealed/records.ts';
import { addVersion, type KeyMaking, type NewVersion } from './add-version.ts';
import { type KeyRules, readKeyRules, rejectExternalKey } from './attributes.ts';
import { type KeyKind, resolveKeyKind } from './key-types.ts';
import { refuseByModule } from './refuse-by-module.ts';

export interface CreateKey extends KeyRules {
  readonly kind: KeyKind;
}

/** @throws ServiceError BadParameter */
export function readCreateKey(body: JsonObject): CreateKey {
  rejectExternalKey(body);
  const kind = resolveKeyKind({
    kty: readText(body, 'kty'),
    keySize: readOptionalInteger(body, 'key_size'),
    curve: readOptionalText(body, 'crv'),
    // Clients that cannot leave a number out send 0.
    publicExponent: readOptionalInteger(body, 'public_exponent') || undefined,
    alg: readOptionalText(body, 'alg'),
  });
  return { kind, ...readKeyRules(body, kind.kty, body, 'made') };
}

export function createKey(
  name: string,
  asked: CreateKey,
  commit: Commit,
  service: KeyMaking,
): ReturnType<typeof addVersion> {
  const make: NewVersion['make'] = (binding) => service.crypto.createKey(binding, asked.kind).catch(refuseByModule);
  return addVersion(name, { ...asked, kty: asked.kind.kty, make }, commit, service);
}
