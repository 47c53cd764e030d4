// Verifies the token with which an enclave asks for a key: signed by an authority that the key's policy names AND this
// instance trusts, valid now, and meeting the policy's conditions. Answers whom it is for.
import { parsePolicyText } from '../../../formats/release-policy/canonical.ts';
import { readPolicy } from '../../../formats/release-policy/grammar.ts';
import { badParameter, ServiceError } from '../../../http/service-error.ts';
import { AuthError } from '../../auth/bearer.ts';
import { verifyWith } from '../../auth/jwks.ts';
import { readTokenText, type TokenText } from '../../auth/token-text.ts';
import type { KeyReleasePolicy } from '../../keys/release-policy.ts';
import type { AuthorityKeys } from '../authorities/signing-keys.ts';
import type { TrustedAuthorities } from '../authorities/trusted.ts';
import { type EnclaveKey, firstFailure, judge } from './judge.ts';

export interface TargetVerifying {
  readonly authorities: TrustedAuthorities;
  readonly authorityKeys: AuthorityKeys;
  /** Unix seconds. */
  readonly now: () => number;
}

/** Characters of a token; those of enclaves carry certificates and quotes of some thousand. */
const MAX_TARGET = 64 * 1024;

/** @throws ServiceError BadParameter (no token) · Forbidden/TargetRefused (one that does not get the key) · ServiceUnavailable */
export async function verifyTarget(
  token: string,
  keyPolicy: KeyReleasePolicy,
  { authorities, authorityKeys, now }: TargetVerifying,
): Promise<{ readonly authority: string; readonly enclaveKey: EnclaveKey }> {
  const text = readTarget(token);
  const policy = readPolicy(parsePolicyText(Buffer.from(keyPolicy.data, 'base64url')));
  const { authority, named, time, conditions, enclaveKey } = judge(policy, text.claims, now());
  if (authority === undefined || !named) throw refused('its issuer is no authority of the release policy');
  const trusted = authorities.find(authority);
  if (trusted === undefined) throw refused(`this HSM does not trust the authority ${authority}`);
  try {
    await verifyWith(await authorityKeys.find(trusted, text.kid), text.algorithm, token);
  } catch (cause) {
    if (!(cause instanceof AuthError)) throw cause;
    if (cause.code !== 'IssuerUnavailable') throw refused('it is not signed by a key of its authority');
    throw new ServiceError('ServiceUnavailable', 'The keys of the attestation authority cannot be fetched', { cause });
  }
  // Said of a token that is authentic only, so that nothing is learnt with a made-up one.
  if (time !== 'valid') throw refused(time === 'no exp' ? 'it has no exp' : `it is ${time}`);
  if (!conditions.some(({ passes }) => passes)) {
    throw refused(`it does not meet the release policy: ${conditions.map(firstFailure).join('; ').slice(0, 300)}`);
  }
  if (enclaveKey === undefined) {
    throw refused('x-ms-runtime.keys has no RSA key of 2048 bits or more for encryption with a kid');
  }
  return { authority, enclaveKey };
}

function readTarget(token: string): TokenText {
  if (token.length > MAX_TARGET) {
    throw badParameter(`Property 'target' has more than ${MAX_TARGET} characters`);
  }
  try {
    return readTokenText(token);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    if (error.code === 'BadSignature') throw refused('its signature is of a kind that is not taken');
    throw badParameter("Property 'target' must be a signed JWT");
  }
}

function refused(why: string): ServiceError {
  return new ServiceError('Forbidden', `The target token is refused: ${why}`, { innerCode: 'TargetRefused' });
}
