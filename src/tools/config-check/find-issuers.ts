// Whether the keys of the issuers can be had from here, in the way that instances get them.

import type { Finding } from '../../deployment/checks/config-checks.ts';
import { keySets, trustedFor } from '../../deployment/issuer-keys.ts';
import type { ProductionConfig } from '../../deployment/production-config.ts';
import type { FetchJwks } from '../../features/auth/fetch-jwks.ts';
import { tryIssuer } from '../../features/auth/fetch-jwks.ts';

/** @param online false: only keys that lie in a file are looked at */
export async function* issuerFindings(
  config: ProductionConfig,
  fetchJwks: FetchJwks,
  online: boolean,
): AsyncGenerator<Finding> {
  const readable = keySets(config, fetchJwks);
  for (const [at, issuer] of config.issuers.entries()) {
    const inFile = 'jwksUri' in issuer && issuer.keysFile !== undefined;
    if (!online && !inFile) continue;
    let trusted: ReturnType<typeof trustedFor>;
    try {
      trusted = trustedFor([issuer], ({ audiences }) => audiences);
    } catch {
      continue; // the file of its authority cannot be read, which is said already
    }
    for (const each of trusted) {
      const keys = 'discovery' in each ? { discovery: each.discovery } : { jwksUri: each.jwksUri };
      const [name = ''] = each.issuers;
      const ca = each.ca === undefined ? {} : { ca: each.ca };
      const reason = await tryIssuer({ issuer: name, keys, ...ca }, readable);
      const place = inFile ? issuer.keysFile : Object.values(keys)[0];
      yield reason === undefined
        ? { check: 'keys', outcome: 'ok', says: `issuers[${at}]: the keys of ${name} are at ${place}` }
        : { check: 'keys', outcome: 'fail', says: `issuers[${at}]: no token of ${name} can be checked: ${reason}` };
    }
  }
}
