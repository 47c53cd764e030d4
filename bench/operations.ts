// What is measured, one row each: the request, how its answers are checked, the raw operation it is compared with, and
// the shares of the bound that the product must reach (floor) and is wanted to reach (target).
import {
  constants,
  createHash,
  type KeyObject,
  publicEncrypt,
  randomBytes,
  verify as verifySignature,
} from 'node:crypto';
import { type BenchKey, type Keys, operationPath, publicOf } from './bench-keys.ts';
import { API_VERSION, type Hsm } from './product/hsm.ts';
import type { PreparedRequest } from './product/request-bytes.ts';
import type { RawOperation } from './raw-limit.ts';

export interface Prepared {
  readonly requests: readonly PreparedRequest[];
  /** Whether an answer to the request of that index is right; it may ask the service. */
  check(request: number, answer: Readonly<Record<string, unknown>>): boolean | Promise<boolean>;
}

export interface Operation {
  readonly name: string;
  readonly title: string;
  /** Undefined: no cryptography, the bound is E alone. */
  readonly raw: RawOperation | undefined;
  readonly floor: number | undefined;
  readonly target: number;
  prepare(hsm: Hsm, keys: Keys): Promise<Prepared>;
}

/** Different inputs, sent in turn, so that no answer can come from a memory of the last one. */
const VARIANTS = 64;

export const operations: readonly Operation[] = [
  {
    name: 'rs256',
    title: 'RS256 sign, RSA-2048',
    raw: 'rs256',
    floor: 0.55,
    target: 0.8,
    prepare: (_, keys) => Promise.resolve(signing(keys.rsa, 'RS256')),
  },
  {
    name: 'oaep256',
    title: 'RSA-OAEP-256 unwrapKey, RSA-2048',
    raw: 'oaep256',
    floor: 0.55,
    target: 0.8,
    prepare: (_, { rsa }) => {
      const secrets = variants(() => randomBytes(32));
      const wrapped = secrets.map((secret) => publicEncrypt(oaep256(rsa), secret));
      return Promise.resolve(unwrapping(rsa, 'RSA-OAEP-256', secrets, wrapped.map(base64url)));
    },
  },
  {
    name: 'es256',
    title: 'ES256 sign, P-256',
    raw: 'es256',
    floor: 0.3,
    target: 0.7,
    prepare: (_, keys) => Promise.resolve(signing(keys.ec, 'ES256')),
  },
  {
    name: 'a256gcm',
    title: 'A256GCM encrypt 32 B',
    raw: 'a256gcm',
    floor: 0.3,
    target: 0.7,
    prepare: (hsm, { oct }) => Promise.resolve(encrypting(hsm, oct)),
  },
  {
    name: 'a256kw',
    title: 'A256KW unwrapKey 32 B',
    raw: 'a256kw',
    floor: 0.3,
    target: 0.7,
    prepare: async (hsm, { oct }) => {
      const secrets = variants(() => randomBytes(32));
      const wrapped: string[] = [];
      for (const secret of secrets) {
        const body = { alg: 'A256KW', value: base64url(secret) };
        wrapped.push(String((await hsm.ask('POST', operationPath(oct, 'wrapkey'), body))['value']));
      }
      return unwrapping(oct, 'A256KW', secrets, wrapped);
    },
  },
  {
    name: 'keyget',
    title: 'key get, RSA-2048',
    raw: undefined,
    floor: undefined,
    target: 0.85,
    prepare: (_, { rsa }) =>
      Promise.resolve({
        requests: [{ method: 'GET', path: `${rsa.path}?api-version=${API_VERSION}` }],
        check: (_request, answer) => {
          const key = answer['key'];
          return typeof key === 'object' && key !== null && Reflect.get(key, 'kid') === rsa.kid;
        },
      }),
  },
];

function signing(key: BenchKey, algorithm: 'RS256' | 'ES256'): Prepared {
  const messages = variants(() => randomBytes(48));
  return {
    requests: messages.map((message) => ({
      method: 'POST',
      path: operationPath(key, 'sign'),
      body: { alg: algorithm, value: createHash('sha256').update(message).digest('base64url') },
    })),
    check: (request, answer) =>
      verifySignature(
        'sha256',
        at(messages, request),
        { key: publicOf(key), dsaEncoding: 'ieee-p1363' },
        bytes(answer['value']),
      ),
  };
}

function unwrapping(key: BenchKey, alg: string, secrets: readonly Buffer[], wrapped: readonly string[]): Prepared {
  return {
    requests: wrapped.map((value) => ({ method: 'POST', path: operationPath(key, 'unwrapkey'), body: { alg, value } })),
    check: (request, answer) => at(secrets, request).equals(bytes(answer['value'])),
  };
}

function encrypting(hsm: Hsm, key: BenchKey): Prepared {
  const plain = variants(() => randomBytes(32));
  const seen = new Set<string>();
  return {
    requests: plain.map((value) => ({
      method: 'POST',
      path: operationPath(key, 'encrypt'),
      body: { alg: 'A256GCM', value: base64url(value) },
    })),
    async check(request, { value, iv, tag }) {
      // An IV that comes twice would be the end of GCM's promises.
      if (typeof iv !== 'string' || seen.has(iv)) return false;
      seen.add(iv);
      const opened = await hsm.ask('POST', operationPath(key, 'decrypt'), { alg: 'A256GCM', value, iv, tag });
      return at(plain, request).equals(bytes(opened['value']));
    },
  };
}

function oaep256(key: BenchKey): { key: KeyObject; padding: number; oaepHash: string } {
  return { key: publicOf(key), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
}

export function variants<T>(make: () => T): readonly T[] {
  return Array.from({ length: VARIANTS }, make);
}

export function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new RangeError(`no variant ${index}`);
  return found;
}

function bytes(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : '', 'base64url');
}

function base64url(value: Buffer): string {
  return value.toString('base64url');
}
