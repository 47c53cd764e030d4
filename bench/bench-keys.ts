// The keys that the benchmark makes through the API, and what it knows of them: where they are and their public halves.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { API_VERSION, type Hsm } from './product/hsm.ts';

export interface BenchKey {
  readonly path: string;
  readonly kid: string;
  /** Undefined for oct keys. */
  readonly publicKey: KeyObject | undefined;
}

export type Keys = Readonly<Record<'rsa' | 'ec' | 'oct', BenchKey>>;

/** Makes the three keys of the benchmark. */
export async function createKeys(hsm: Hsm): Promise<Keys> {
  const create = async (name: string, parameters: Readonly<Record<string, unknown>>): Promise<BenchKey> => {
    const answer = await hsm.ask('POST', `/keys/${name}/create?api-version=${API_VERSION}`, parameters);
    const jwk = answer['key'] as { kid: string; kty: string; [member: string]: string };
    return { path: new URL(jwk.kid).pathname, kid: jwk.kid, publicKey: publicKeyOf(jwk) };
  };
  return {
    rsa: await create('bench-rsa', { kty: 'RSA-HSM', key_size: 2048 }),
    ec: await create('bench-ec', { kty: 'EC-HSM', crv: 'P-256' }),
    oct: await create('bench-oct', { kty: 'oct-HSM', key_size: 256 }),
  };
}

function publicKeyOf({ kty, n, e, crv, x, y }: Readonly<Record<string, string>>): KeyObject | undefined {
  if (kty === 'RSA-HSM' && n !== undefined && e !== undefined) {
    return createPublicKey({ format: 'jwk', key: { kty: 'RSA', n, e } });
  }
  if (kty === 'EC-HSM' && crv !== undefined && x !== undefined && y !== undefined) {
    return createPublicKey({ format: 'jwk', key: { kty: 'EC', crv, x, y } });
  }
  return undefined;
}

export function publicOf(key: BenchKey): KeyObject {
  if (key.publicKey === undefined) throw new Error('the key has no public half');
  return key.publicKey;
}

export function operationPath(key: BenchKey, operation: string): string {
  return `${key.path}/${operation}?api-version=${API_VERSION}`;
}
