// The text form of a signed JWT: three segments of canonical base64url, a JSON header and JSON claims. Nothing here is
// verified; it says only which issuer and key to ask.
import { fromBase64url } from '../../formats/base64url.ts';
import { AuthError } from './bearer.ts';
import { TOKEN_ALGORITHMS } from './signing-key.ts';

export type Claims = Readonly<Record<string, unknown>>;

export interface TokenText {
  readonly algorithm: string;
  readonly kid: string;
  readonly claims: Claims;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** RFC 9068 and what Entra ID writes. Other JWTs of the same issuer (DPoP proofs, logout tokens) are no access tokens. */
const TYPES: readonly unknown[] = [undefined, 'jwt', 'at+jwt', 'application/at+jwt'];

/** @throws AuthError Malformed, BadSignature (algorithms that we never take) */
export function readTokenText(token: string): TokenText {
  const segments = token.split('.', 4);
  const [header, payload, signature] = segments;
  if (segments.length !== 3 || header === undefined || payload === undefined || signature === undefined)
    throw malformed();
  const { alg, kid, typ, crit } = readObject(header);
  const claims = readObject(payload);
  // Another spelling of the same signature would be another token with the same rights.
  decode(signature);
  if (typeof alg !== 'string' || !TOKEN_ALGORITHMS.includes(alg) || signature === '') {
    throw new AuthError('BadSignature', `The token must be signed with one of ${TOKEN_ALGORITHMS.join(', ')}`);
  }
  if (typeof kid !== 'string' || kid === '' || kid.length > 256) throw malformed();
  if (!TYPES.includes(typeof typ === 'string' ? typ.toLowerCase() : typ)) throw malformed();
  // RFC 7515 §4.1.11: extensions that must be understood, and we understand none.
  if (crit !== undefined) throw malformed();
  return { algorithm: alg, kid, claims };
}

function readObject(segment: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(decode(segment)));
  } catch {
    throw malformed();
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed();
  return value as Readonly<Record<string, unknown>>;
}

function decode(segment: string): Buffer {
  try {
    return fromBase64url(segment);
  } catch {
    throw malformed();
  }
}

/** Without a cause: the messages of parsers quote their input, which is a token. */
function malformed(): AuthError {
  return new AuthError('Malformed', 'The bearer token is not a signed JWT access token');
}
