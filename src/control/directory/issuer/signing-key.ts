// The key that signs the embedded issuer's tokens: one RSA key in the control process's folder, made at first start.
import { createHash, createPublicKey, generateKeyPair } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { replaceFile } from '../../../files/durable-file.ts';
import { matching, oneOf, record } from '../../../formats/shape.ts';
import { readOrMake } from '../list-file.ts';

type JsonWebKey = Readonly<Record<string, unknown>>;

export interface SigningKey {
  /** Private RSA key with `kid`, `alg` and `use`. */
  readonly privateJwk: JsonWebKey;
  readonly publicJwk: JsonWebKey;
  readonly kid: string;
}

const number = matching(/^[A-Za-z0-9_-]{1,1400}$/, 'base64url');
const readJwk = record({
  kty: oneOf('RSA'),
  ...{ n: number, e: number, d: number, p: number, q: number, dp: number, dq: number, qi: number },
});

/** @throws when the file exists and is not a signing key: a new one would silently end every token */
export async function loadSigningKey(folder: string, replace?: typeof replaceFile): Promise<SigningKey> {
  const make = async () => `${JSON.stringify(await generateJwk())}\n`;
  const json = await readOrMake(signingKeyFile(folder), make, replace);
  return describe(readJwk(JSON.parse(json), 'issuer-key.json'));
}

export const signingKeyFile = (folder: string): string => join(folder, 'issuer-key.json');

async function generateJwk(): Promise<object> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return privateKey.export({ format: 'jwk' });
}

function describe(jwk: JsonWebKey): SigningKey {
  const bare = createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'jwk' });
  // RFC 7638
  const kid = createHash('sha256')
    .update(JSON.stringify({ e: bare.e, kty: bare.kty, n: bare.n }))
    .digest('base64url');
  const named = { kid, alg: 'RS256', use: 'sig' };
  return { privateJwk: { ...jwk, ...named }, publicJwk: { ...bare, ...named }, kid };
}
