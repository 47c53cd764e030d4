// Where the issuer's endpoints are, told under the names and in the form (AAD or ADFS) that the caller used.

/** Every path of the token endpoint, in the router's syntax. */
export const tokenPaths: readonly string[] = ['/:tenant/oauth2/v2.0/token', '/:tenant/oauth2/token'];

/** For `organizations` and `common` the endpoints carry the one tenant there is: clients take it from there. */
export function describeOpenId(
  origin: string,
  tenant: string,
  tenantId: string,
  issuer: string,
): Readonly<Record<string, unknown>> {
  const base = tenant === 'adfs' ? `${origin}/adfs/oauth2` : `${origin}/${tenantId}/oauth2/v2.0`;
  return {
    issuer,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    device_authorization_endpoint: `${base}/devicecode`,
    jwks_uri: `${origin}/${tenantId}/discovery/v2.0/keys`,
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt'],
    code_challenge_methods_supported: ['S256'],
    grant_types_supported: [
      'client_credentials',
      'authorization_code',
      'refresh_token',
      'password',
      'urn:ietf:params:oauth:grant-type:device_code',
    ],
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'nonce', 'oid', 'tid', 'name', 'upn', 'preferred_username'],
  };
}

/** All URLs under which a client may know the token endpoint: what a client assertion may name as its audience. */
export function tokenEndpoints(origins: readonly string[], tenantId: string, domain: string): readonly string[] {
  return origins.flatMap((origin) =>
    [tenantId, domain, 'organizations', 'common', 'adfs'].flatMap((tenant) => [
      ...tokenPaths.flatMap((path) => {
        const url = origin + path.replace(':tenant', tenant);
        return [url, `${url}/`];
      }),
      `${origin}/${tenant}/v2.0`,
    ]),
  );
}
