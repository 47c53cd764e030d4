// Whether the keys of an issuer can be had from here, asked once.
import { keysOf } from './check-signature.ts';
import { causeText } from './fetch-failure.ts';
import type { FetchJwks } from './fetch-jwks.ts';
import { answeredSigningKeys } from './signing-key.ts';
import type { ForeignIssuer } from './verify-assertion.ts';

/** @returns why not, on one line; undefined: there are keys that tokens can be checked with */
export async function tryIssuer(
  { issuer, keys, ca }: ForeignIssuer,
  fetchJwks: FetchJwks,
): Promise<string | undefined> {
  const found = keysOf({ issuers: [issuer], ...keys }, fetchJwks);
  try {
    const { size } = answeredSigningKeys(await found.fetchJwks(found.uri, ca));
    return size === 0 ? `${found.uri}: the key set has no key that tokens are signed with` : undefined;
  } catch (error) {
    return `${found.uri}: ${causeText(error instanceof Error ? error : new Error(String(error)))}`;
  }
}
