// Makes a key, or a new version of one that exists.
import { isSecure } from '../../formats/key-wrap-modes.ts';
import { readOptionalInteger, readOptionalText, readOptionalTextList, readText } from '../../http/body.ts';
import type { JsonObject } from '../../http/route.ts';
import type { Commit, Head } from '../../store/sealed/records.ts';
import { addVersion, type KeyMaking, type NewVersion } from './add-version.ts';
import { checkValidity, type RequestedAttributes, readAttributes, readTags, rejectExternalKey } from './attributes.ts';
import { type KeyKind, resolveKeyKind, resolveKeyOps } from './key-types.ts';
import type { KeyVersion } from './key-version.ts';
import { refuseByModule } from './refuse-by-module.ts';
import { type KeyReleasePolicy, policyFromCreation, requireReleasePolicy } from './release-policy.ts';

export interface CreateKey {
  readonly kind: KeyKind;
  readonly keyOps: readonly string[];
  readonly attributes: RequestedAttributes;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly releasePolicy: KeyReleasePolicy | undefined;
}

/** @throws ServiceError BadParameter */
export function readCreateKey(body: JsonObject): CreateKey {
  rejectExternalKey(body);
  const kind = resolveKeyKind({
    kty: readText(body, 'kty'),
    keySize: readOptionalInteger(body, 'key_size'),
    curve: readOptionalText(body, 'crv'),
    publicExponent: readPublicExponent(body),
    alg: readOptionalText(body, 'alg'),
  });
  const attributes = readAttributes(body);
  checkValidity(attributes);
  const keyOps = resolveKeyOps(kind.kty, readOptionalTextList(body, 'key_ops'), attributes.exportable);
  const releasePolicy = policyFromCreation(
    requireReleasePolicy(body, { exportable: attributes.exportable, secure: isSecure(keyOps) }),
  );
  return {
    kind,
    keyOps,
    attributes,
    tags: readTags(body),
    releasePolicy,
  };
}

/** Clients that cannot leave a number out send 0. */
function readPublicExponent(body: JsonObject): number | undefined {
  const exponent = readOptionalInteger(body, 'public_exponent');
  return exponent === 0 ? undefined : exponent;
}

export function createKey(
  name: string,
  asked: CreateKey,
  commit: Commit,
  service: KeyMaking,
): Promise<{ readonly key: KeyVersion; readonly head: Head }> {
  const make: NewVersion['make'] = (binding) => service.crypto.createKey(binding, asked.kind).catch(refuseByModule);
  return addVersion(name, { ...asked, kty: asked.kind.kty, make }, commit, service);
}
