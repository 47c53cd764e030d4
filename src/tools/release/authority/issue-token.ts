// A small attestation authority for development and tests. It vouches for whatever it is told, in tokens shaped like
// those of Microsoft Azure Attestation; it inspects no enclave, and every token says so.
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { toBase64url } from '../../../formats/base64url.ts';
import { normalAuthority } from '../../../formats/release-policy/grammar.ts';

export interface DevAuthority {
  readonly authority: string;
  readonly key: KeyObject;
}

export interface TokenRequest {
  /** RSA public key of the enclave; undefined: the token has none. */
  readonly enclaveKey: KeyObject | undefined;
  /** Default: the thumbprint of the key. */
  readonly kid?: string;
  /** By dotted path. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Unix seconds. */
  readonly now: number;
  readonly lifetime: number;
}

/** @throws RangeError when the name cannot be an authority's */
export function makeAuthority(authority: string): DevAuthority {
  const name = normalAuthority(authority);
  if (name === undefined) throw new RangeError('an authority is named by an https address without query');
  return { authority: name, key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey };
}

export function jwksOf({ key }: DevAuthority): { readonly keys: readonly object[] } {
  const { n, e } = createPublicKey(key).export({ format: 'jwk' });
  return { keys: [{ kty: 'RSA', use: 'sig', alg: 'RS256', kid: thumbprint(createPublicKey(key)), n, e }] };
}

export function issueToken(authority: DevAuthority, { enclaveKey, kid, claims, now, lifetime }: TokenRequest): string {
  const payload: Record<string, unknown> = {
    iss: authority.authority,
    iat: now,
    nbf: now,
    exp: now + lifetime,
    jti: randomUUID(),
    'x-ms-ver': '1.0',
    'x-ms-attestation-type': 'strongroom-development',
    'x-ms-runtime': { keys: enclaveKey === undefined ? [] : [enclaveJwk(enclaveKey, kid)] },
  };
  for (const [path, value] of Object.entries(claims)) setAt(payload, path.split('.'), value);
  // Last, so that no wish can take it away.
  payload['x-strongroom-development'] = true;
  const header = { alg: 'RS256', typ: 'JWT', kid: thumbprint(createPublicKey(authority.key)) };
  const text = `${encode(header)}.${encode(payload)}`;
  return `${text}.${toBase64url(sign('sha256', Buffer.from(text, 'ascii'), authority.key))}`;
}

function enclaveJwk(key: KeyObject, kid: string = thumbprint(key)): object {
  const { n, e } = key.export({ format: 'jwk' });
  return { kid, kty: 'RSA', key_ops: ['encrypt'], key_use: 'enc', e, n };
}

/** RFC 7638. */
function thumbprint(key: KeyObject): string {
  const { e, n } = key.export({ format: 'jwk' });
  return createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }))
    .digest('base64url');
}

function setAt(target: Record<string, unknown>, [first = '', ...rest]: readonly string[], value: unknown): void {
  if (first === '__proto__') throw new RangeError('that is no name of a claim');
  if (rest.length === 0) {
    target[first] = value;
    return;
  }
  const inner = target[first];
  const next = typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : {};
  target[first] = next;
  setAt(next, rest, value);
}

function encode(value: unknown): string {
  return toBase64url(Buffer.from(JSON.stringify(value), 'utf8'));
}
