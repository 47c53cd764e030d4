// Whether a token is signed by a key of its issuer, and where that issuer has its keys.
import { compactVerify, errors } from 'jose';
import { AuthError } from './bearer.ts';
import { discoveredKeys } from './discover-jwks.ts';
import type { FetchJwks } from './fetch-jwks.ts';
import type { Jwks } from './jwks.ts';

/** Where the keys are, and how they are got from there. */
export function keysOf(
  issuer: { readonly issuers: readonly string[] } & ({ readonly jwksUri: string } | { readonly discovery: string }),
  fetchJwks: FetchJwks,
): { readonly uri: string; readonly fetchJwks: FetchJwks } {
  if ('jwksUri' in issuer) return { uri: issuer.jwksUri, fetchJwks };
  return { uri: issuer.discovery, fetchJwks: discoveredKeys(issuer.issuers[0] ?? '', fetchJwks) };
}

/** @throws AuthError BadSignature, IssuerUnavailable */
export async function checkSignature(token: string, algorithm: string, kid: string, jwks: Jwks): Promise<void> {
  await jwks.keepFresh();
  const key = await jwks.key(kid);
  if (!key.algorithms.includes(algorithm)) throw badSignature();
  try {
    await compactVerify(token, key.key, { algorithms: [algorithm] });
  } catch (cause) {
    if (cause instanceof errors.JOSEError) throw badSignature();
    throw cause;
  }
}

function badSignature(): AuthError {
  return new AuthError('BadSignature', 'The token is not signed by a key of its issuer');
}
