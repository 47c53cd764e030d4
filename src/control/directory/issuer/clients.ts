// The directory's applications as the protocol library's clients, made for each request: an application may hold
// secrets and certificates at once, so the way it authenticates is taken from what the request presents.
import { hash, randomBytes, X509Certificate } from 'node:crypto';
import { decodeProtectedHeader } from 'jose/decode/protected_header';
import type { AddedCertificate } from '../added-certificates.ts';
import type { Directory } from '../directory.ts';
import { findApplication } from '../find-principal.ts';
import { isSecret } from '../secret-hash.ts';

type Params = Readonly<Record<string, string | string[] | undefined>>;

/** The library insists on a secret in the client's record; ours are hashes, compared by `isClientSecret`. */
const PLACEHOLDER = randomBytes(32).toString('base64url');

export const GRANT_TYPES = {
  clientCredentials: 'client_credentials',
  password: 'password',
  deviceCode: 'urn:ietf:params:oauth:grant-type:device_code',
  refreshToken: 'refresh_token',
  authorizationCode: 'authorization_code',
} as const;

/** Undefined: no such application. `now` in seconds. */
export async function describeClient(
  directory: Directory,
  addedCertificates: () => Promise<readonly AddedCertificate[]>,
  clientId: string,
  params: Params,
  now: number,
): Promise<Record<string, unknown> | undefined> {
  const application = findApplication(directory, clientId);
  if (application === undefined) return undefined;
  const client = { client_id: clientId, client_name: application.displayName };
  if (application.redirectUris !== undefined) {
    const { clientCredentials: _, ...interactive } = GRANT_TYPES;
    return {
      ...client,
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: Object.values(interactive),
      response_types: ['code'],
      redirect_uris: application.redirectUris,
    };
  }
  const confidential = {
    ...client,
    grant_types: [GRANT_TYPES.clientCredentials, GRANT_TYPES.password, GRANT_TYPES.refreshToken],
    response_types: [],
    redirect_uris: [],
  };
  if (typeof params.client_assertion === 'string') {
    const added = (await addedCertificates()).filter((each) => each.application === application.appId);
    const certificates = [...application.certificates, ...added];
    return {
      ...confidential,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: certificateKeys(certificates, params.client_assertion, now) },
    };
  }
  return { ...confidential, token_endpoint_auth_method: 'client_secret_post', client_secret: PLACEHOLDER };
}

/** `now` in seconds. */
export async function isClientSecret(
  directory: Directory,
  clientId: string,
  secret: string,
  now: number,
): Promise<boolean> {
  for (const { hash: stored, expiresAt } of findApplication(directory, clientId)?.secrets ?? []) {
    if ((expiresAt === undefined || now < expiresAt) && (await isSecret(secret, stored))) return true;
  }
  return false;
}

/** Public keys of the certificates that the assertion's header points at (all, when it points at none). */
function certificateKeys(
  certificates: readonly { readonly pem: string }[],
  assertion: string,
  now: number,
): Record<string, unknown>[] {
  const header = readHeader(assertion);
  if (header === undefined) return [];
  return certificates.flatMap(({ pem }) => {
    const certificate = new X509Certificate(pem);
    const isCurrent =
      certificate.validFromDate.getTime() <= now * 1000 && now * 1000 < certificate.validToDate.getTime();
    if (!isCurrent || certificate.publicKey.asymmetricKeyType !== 'rsa') return [];
    const names = thumbprints(certificate);
    for (const name of ['x5t', 'x5t#S256', 'kid']) {
      const pointer = header[name];
      if (pointer !== undefined && (typeof pointer !== 'string' || !names.has(pointer.replace(/=+$/, '')))) return [];
    }
    const kid = typeof header.kid === 'string' ? { kid: header.kid } : {};
    return [{ ...certificate.publicKey.export({ format: 'jwk' }), ...kid, use: 'sig' }];
  });
}

/** Clients write a certificate's thumbprint in base64url (some keep the padding) or in hexadecimal. */
function thumbprints(certificate: X509Certificate): ReadonlySet<string> {
  const sha1 = hash('sha1', certificate.raw, 'hex');
  return new Set([
    hash('sha1', certificate.raw, 'base64url'),
    hash('sha256', certificate.raw, 'base64url'),
    sha1.toUpperCase(),
    sha1,
  ]);
}

function readHeader(assertion: string): Record<string, unknown> | undefined {
  try {
    return decodeProtectedHeader(assertion);
  } catch {
    return undefined; // no JWT: the library refuses it with the right error
  }
}
