// Project Wycheproof's vectors (Apache-2.0) as they lie beside the repository, or where STRONGROOM_VECTORS says. A file has
// groups with keys, a group has cases, a case says whether it is to be taken.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Case {
  readonly tcId: number;
  readonly comment: string;
  readonly result: 'valid' | 'invalid' | 'acceptable';
  readonly flags: readonly string[];
  readonly key?: string;
  readonly iv?: string;
  readonly aad?: string;
  readonly msg?: string;
  readonly ct?: string;
  readonly tag?: string;
  readonly sig?: string;
  readonly label?: string;
  readonly ctx?: string;
  readonly mu?: string;
  readonly pt?: string;
  readonly jws?: unknown;
  readonly jwe?: unknown;
}

export type Jwk = Readonly<Record<string, string>>;

export interface Group {
  readonly tests: readonly Case[];
  readonly keySize: number;
  readonly ivSize: number;
  readonly tagSize: number;
  readonly publicKeyDer: string;
  readonly publicKey: unknown;
  readonly publicKeyJwk?: Jwk;
  readonly keyJwk?: Jwk;
  readonly privateKeyJwk?: Jwk;
  readonly privateSeed?: string;
  readonly comment: string;
  /** JOSE files: a key, or a set of keys. */
  readonly private?: Jwk | { readonly keys: readonly Jwk[] };
}

const folder =
  process.env['STRONGROOM_VECTORS'] ?? join(import.meta.dirname, '../../..', 'shared', 'vectors', 'wycheproof');

/** Why there is nothing to run, or false. */
export const skip: string | false = existsSync(folder) ? false : `no vectors at ${folder} (set STRONGROOM_VECTORS)`;

export function readGroups(file: string): readonly Group[] {
  const text = readFileSync(join(folder, `${file}_test.json`), 'utf8');
  return (JSON.parse(text) as { testGroups: Group[] }).testGroups;
}

export const hex = (text = ''): Buffer => Buffer.from(text, 'hex');
export const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

export function filesOfFolder(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('_test.json'))
    .map((name) => name.replace('_test.json', ''))
    .sort();
}
