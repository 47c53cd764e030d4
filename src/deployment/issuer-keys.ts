// Whose tokens are taken for an audience, and where their keys come from, as the configuration says it.
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type FetchJwks, fetchJwks } from '../features/auth/fetch-jwks.ts';
import type { Issuer } from '../features/auth/verify-token.ts';
import type { InstanceConfig } from './instance.ts';
import type { TrustedIssuer } from './trusted-issuers.ts';

/** Those of the issuers that have audiences of this kind, with their authorities read. */
export function trustedFor(
  issuers: readonly TrustedIssuer[],
  audiencesOf: (issuer: TrustedIssuer) => readonly string[],
): readonly Issuer[] {
  const derives = issuers.some(({ claims }) => claims?.ids === 'derived');
  return issuers
    .filter((issuer) => audiencesOf(issuer).length > 0)
    .map((issuer): Issuer => {
      const { issuers: names, caFile, clockSkew, claims } = issuer;
      return {
        issuers: names,
        audiences: audiencesOf(issuer),
        ...('jwksUri' in issuer ? { jwksUri: issuer.jwksUri } : { discovery: issuer.discovery }),
        ...(caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') }),
        ...(clockSkew === undefined ? {} : { clockSkew }),
        ...(claims === undefined ? {} : { claims }),
        ...(derives ? { besideDerived: true } : {}),
      };
    });
}

/** From the file that the configuration names for an issuer, else from where the issuer has them. */
export function keySets({ issuers }: Pick<InstanceConfig, 'issuers'>, fetch: FetchJwks = fetchJwks): FetchJwks {
  const files = new Map(
    issuers.flatMap((issuer) => ('jwksUri' in issuer ? [[issuer.jwksUri, issuer.keysFile] as const] : [])),
  );
  return async (uri, ca) => {
    const file = files.get(uri);
    return file === undefined ? fetch(uri, ca) : (JSON.parse(await readFile(file, 'utf8')) as unknown);
  };
}
