// Known answers: made with the keys of a running instance, and asked of one that was recovered. Over the public API alone.
import { createHash, createPublicKey, randomBytes, timingSafeEqual, verify } from 'node:crypto';
import type { Sample } from '../../formats/rehearsal-samples.ts';
import { AnswerError, type InstanceClient } from '../instance-client.ts';

export const VERSION = 'api-version=7.6';

interface KeyBundle {
  readonly key: Readonly<Record<string, unknown>> & { readonly kid: string; readonly kty: string };
  readonly attributes?: { readonly enabled?: boolean };
}

const CURVES: Readonly<Record<string, { readonly algorithm: string; readonly hash: string; readonly crv: string }>> = {
  'P-256': { algorithm: 'ES256', hash: 'sha256', crv: 'P-256' },
  'P-384': { algorithm: 'ES384', hash: 'sha384', crv: 'P-384' },
  'P-521': { algorithm: 'ES512', hash: 'sha512', crv: 'P-521' },
  'P-256K': { algorithm: 'ES256K', hash: 'sha256', crv: 'secp256k1' },
};

/** Names of all keys there are, or of all that are deleted and not purged. */
export async function keyNames(
  client: InstanceClient,
  list: 'keys' | 'deletedkeys' = 'keys',
  path = `/${list}?${VERSION}`,
): Promise<readonly string[]> {
  const { value, nextLink } = (await client.ask('GET', path)) as {
    readonly value: readonly { readonly kid: string }[];
    readonly nextLink?: string | null;
  };
  const names = value.map(({ kid }) => new URL(kid).pathname.split('/')[2] ?? '');
  if (typeof nextLink !== 'string' || nextLink === '') return names;
  const { pathname, search } = new URL(nextLink);
  return [...names, ...(await keyNames(client, list, pathname + search))];
}

/** Undefined: the key is of a type, or has operations, that nothing can be known of beforehand. @throws CommandError */
export async function makeSample(client: InstanceClient, name: string): Promise<Sample | undefined> {
  const { key, attributes } = (await client.ask('GET', `/keys/${name}?${VERSION}`)) as KeyBundle;
  if (attributes?.enabled === false) return undefined;
  const version = new URL(key.kid).pathname.split('/')[3] ?? '';
  const operations = Array.isArray(key['key_ops']) ? (key['key_ops'] as readonly unknown[]) : [];
  const may = (...wanted: readonly string[]): boolean => wanted.every((each) => operations.includes(each));
  if (key.kty !== 'EC-HSM' && may('wrapKey', 'unwrapKey')) return wrapped(client, { name, version }, key);
  if ((key.kty === 'EC-HSM' || key.kty === 'RSA-HSM') && may('sign')) return signing({ name, version }, key);
  return undefined;
}

type Named = Pick<Sample, 'name' | 'version'>;

async function wrapped(client: InstanceClient, named: Named, { kty }: KeyBundle['key']): Promise<Sample | undefined> {
  const value = randomBytes(32);
  const algorithms = kty === 'RSA-HSM' ? ['RSA-OAEP-256'] : ['A256KW', 'A192KW', 'A128KW'];
  for (const algorithm of algorithms) {
    try {
      const body = { alg: algorithm, value: value.toString('base64url') };
      const path = `/keys/${named.name}/${named.version}/wrapkey?${VERSION}`;
      const answer = (await client.ask('POST', path, body)) as { readonly value: string };
      const hash = createHash('sha256').update(value).digest('base64url');
      return { ...named, algorithm, kind: 'unwrap', ciphertext: answer.value, hash };
    } catch (error) {
      // Which of them fits is settled by the size of the key, which is not shown.
      const isOfOtherSize = error instanceof AnswerError && error.status === 400;
      if (!isOfOtherSize || algorithm === algorithms.at(-1)) throw error;
    }
  }
  return undefined;
}

function signing(named: Named, key: KeyBundle['key']): Sample | undefined {
  const { kty, n, e, x, y } = key;
  const curve = typeof key['crv'] === 'string' ? CURVES[key['crv']] : undefined;
  const publicKey = kty === 'RSA-HSM' ? { kty: 'RSA', n, e } : { kty: 'EC', crv: curve?.crv, x, y };
  if (Object.values(publicKey).some((member) => typeof member !== 'string')) return undefined;
  const algorithm = kty === 'RSA-HSM' ? 'PS256' : (curve?.algorithm ?? '');
  return { ...named, algorithm, kind: 'sign', publicKey: publicKey as Readonly<Record<string, string>> };
}

/** @returns undefined when the key answers as it is known to; else what is wrong. @throws CommandError */
export async function useSample(client: InstanceClient, sample: Sample): Promise<string | undefined> {
  const { name, version, algorithm } = sample;
  const ask = async (operation: string, value: string): Promise<string> => {
    const path = `/keys/${name}/${version}/${operation}?${VERSION}`;
    return ((await client.ask('POST', path, { alg: algorithm, value })) as { readonly value: string }).value;
  };
  if (sample.kind === 'unwrap') {
    const value = Buffer.from(await ask('unwrapkey', sample.ciphertext), 'base64url');
    const hash = createHash('sha256').update(value).digest();
    value.fill(0);
    const known = Buffer.from(sample.hash, 'base64url');
    return hash.length === known.length && timingSafeEqual(hash, known)
      ? undefined
      : 'unwraps to another value than was wrapped';
  }
  const message = randomBytes(32);
  const hash = Object.values(CURVES).find((each) => each.algorithm === algorithm)?.hash ?? 'sha256';
  const digest = createHash(hash).update(message).digest('base64url');
  const signature = Buffer.from(await ask('sign', digest), 'base64url');
  const key = createPublicKey({ key: { ...sample.publicKey }, format: 'jwk' });
  const how = algorithm === 'PS256' ? { padding: 6, saltLength: 32 } : { dsaEncoding: 'ieee-p1363' as const };
  return verify(hash, message, { key, ...how }, signature)
    ? undefined
    : 'signs with another key than it had when the sample was made';
}
