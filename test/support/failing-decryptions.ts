// Ciphertexts that do not decrypt or unwrap, each in a way of its own, made with the keys they are sent to. What anyone can
// see without the key is marked: there the service may be quicker.
import { constants, createCipheriv, createPublicKey, type KeyObject, publicEncrypt, randomBytes } from 'node:crypto';
import type { Reply } from './running-instance.ts';

export interface FailingDecryption {
  readonly alg: string;
  readonly operation: 'decrypt' | 'unwrapKey';
  readonly kind: string;
  /** The form alone shows that it cannot be a ciphertext. */
  readonly plain: boolean;
  /** Path of the key. */
  readonly key: string;
  readonly body: Readonly<Record<string, string>>;
}

type Post = (path: string, body: object) => Promise<Reply>;

/** @param post with the rights of a Crypto User */
export async function makeFailingDecryptions(post: Post): Promise<FailingDecryption[]> {
  const [rsa, other, aes] = await Promise.all([
    create(post, 'failing-rsa', { kty: 'RSA', key_size: 2048 }),
    create(post, 'failing-other', { kty: 'RSA', key_size: 2048 }),
    create(post, 'failing-aes', { kty: 'oct', key_size: 256 }),
  ]);
  return [
    ...['RSA-OAEP', 'RSA-OAEP-256'].flatMap((alg) => oaep(rsa, other, alg)),
    ...(await aesFailures(post, aes.path)),
  ];
}

/**
 * Ciphertexts for RSA1_5, one with the right padding: all are answered 200, and none of them may take its own time.
 * @param post with the rights of a Crypto User
 */
export async function makeRsa15Ciphertexts(post: Post): Promise<FailingDecryption[]> {
  const { path, publicKey, n } = await create(post, 'implicit-rsa', { kty: 'RSA', key_size: 2048 });
  if (publicKey === undefined) throw new TypeError('RSA keys have public keys');
  // RFC 8017 §7.2.1: 0 ‖ 2 ‖ at least 8 bytes that are not 0 ‖ 0 ‖ message.
  const block = (at: number, ...bytes: number[]): Buffer => {
    const plain = Buffer.concat([
      Buffer.of(0, 2),
      Buffer.alloc(n.length - 35, 0x11),
      Buffer.of(0),
      Buffer.alloc(32, 0x22),
    ]);
    plain.set(bytes, at);
    return publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, plain);
  };
  const kinds = {
    'right padding': block(0),
    'the first byte is not zero': block(0, 1),
    'the block type is of signatures': block(1, 1),
    'a zero among the first eight bytes of padding': block(5, 0),
    'no zero at all': block(n.length - 33, 0x11),
  };
  return attempts(kinds, false, (value) => ({
    alg: 'RSA1_5',
    operation: 'decrypt',
    key: path,
    body: { alg: 'RSA1_5', value },
  }));
}

interface Made {
  readonly path: string;
  readonly publicKey: KeyObject | undefined;
  readonly n: Buffer;
}

async function create(post: Post, name: string, body: object): Promise<Made> {
  const { status, text, json } = await post(`/keys/${name}/create`, body);
  if (status !== 200) throw new Error(text);
  const { key } = json as { key: { kid: string; n?: string; e?: string } };
  const { n = '', e = '' } = key;
  return {
    path: new URL(key.kid).pathname,
    publicKey: n === '' ? undefined : createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }),
    n: Buffer.from(n, 'base64url'),
  };
}

function oaep({ path, publicKey, n }: Made, other: Made, alg: string): FailingDecryption[] {
  if (publicKey === undefined || other.publicKey === undefined) throw new TypeError('RSA keys have public keys');
  const [right, wrong] = alg === 'RSA-OAEP' ? (['sha1', 'sha256'] as const) : (['sha256', 'sha1'] as const);
  const secret = randomBytes(32);
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const below = randomBytes(n.length);
  // The modulus begins with a one bit, so this is below it.
  below[0] = 0x3f;
  const secretKinds = {
    'random bytes': below,
    'a hash of another name': publicEncrypt({ key: publicKey, padding, oaepHash: wrong }, secret),
    'a label': publicEncrypt({ key: publicKey, padding, oaepHash: right, oaepLabel: Buffer.from('label') }, secret),
    'padding of PKCS #1 v1.5': publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, secret),
    'no padding': publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, Buffer.alloc(n.length, 1)),
    'a leading byte that is not zero': publicEncrypt(
      { key: publicKey, padding: constants.RSA_NO_PADDING },
      Buffer.concat([Buffer.of(0x3f), Buffer.alloc(n.length - 1, 1)]),
    ),
  };
  const plainKinds = {
    zero: Buffer.alloc(n.length),
    'the modulus': n,
    'not below the modulus': Buffer.alloc(n.length, 0xff),
    'a byte short': below.subarray(1),
    'a byte long': Buffer.concat([Buffer.of(0), below]),
    nothing: Buffer.alloc(0),
  };
  return (['decrypt', 'unwrapKey'] as const).flatMap((operation) => [
    ...attempts(secretKinds, false, (value) => ({ alg, operation, key: path, body: { alg, value } })),
    ...attempts(plainKinds, true, (value) => ({ alg, operation, key: path, body: { alg, value } })),
  ]);
}

async function aesFailures(post: Post, key: string): Promise<FailingDecryption[]> {
  const sealed = async (operation: string, body: object): Promise<Record<string, string>> => {
    const { status, text, json } = await post(`${key}/${operation}`, body);
    if (status !== 200) throw new Error(text);
    return json as Record<string, string>;
  };
  const gcm = await sealed('encrypt', { alg: 'A256GCM', value: b64(randomBytes(40)), aad: 'AAAA' });
  const gcmBody = {
    alg: 'A256GCM',
    value: textOf(gcm, 'value'),
    iv: textOf(gcm, 'iv'),
    tag: textOf(gcm, 'tag'),
    aad: 'AAAA',
  };
  const gcmKinds = {
    'another tag': { tag: flipped(gcmBody.tag) },
    'another ciphertext': { value: flipped(gcmBody.value) },
    'another iv': { iv: flipped(gcmBody.iv) },
    'another aad': { aad: 'AAAB' },
    'no aad': { aad: '' },
    'a tag of zeros': { tag: b64(Buffer.alloc(16)) },
  };
  const failures: FailingDecryption[] = Object.entries(gcmKinds).map(([kind, change]) => ({
    ...{ alg: 'A256GCM', operation: 'decrypt', kind, plain: false, key },
    body: { ...gcmBody, ...change },
  }));
  const iv = b64(randomBytes(16));
  // Without padding, so that the last block may hold any.
  const block = async (last: readonly number[]): Promise<Buffer> => {
    const value = Buffer.concat([Buffer.alloc(32 - last.length, 0x41), Buffer.from(last)]);
    return bytes(textOf(await sealed('encrypt', { alg: 'A256CBC', value: b64(value), iv }), 'value'));
  };
  failures.push(
    ...attempts(
      {
        'padding of zero': await block([0]),
        'padding of 17': await block([17]),
        'padding of 255': await block([255]),
        'padding whose bytes differ': await block([2, 3]),
      },
      false,
      (value) => ({ alg: 'A256CBCPAD', operation: 'decrypt', key, body: { alg: 'A256CBCPAD', value, iv } }),
    ),
    ...attempts({ 'half a block': Buffer.alloc(24), nothing: Buffer.alloc(0) }, true, (value) => ({
      alg: 'A256CBCPAD',
      operation: 'decrypt',
      key,
      body: { alg: 'A256CBCPAD', value, iv },
    })),
  );
  for (const [alg, wrap] of [
    ['A256KW', 'A256KW'],
    ['CKM_AES_KEY_WRAP', 'A256KW'],
    ['CKM_AES_KEY_WRAP_PAD', 'CKM_AES_KEY_WRAP_PAD'],
  ] as const) {
    const wrapped = bytes(textOf(await sealed('wrapKey', { alg: wrap, value: b64(randomBytes(32)) }), 'value'));
    const elsewhere = createCipheriv('id-aes256-wrap', randomBytes(32), Buffer.alloc(8, 0xa6));
    const otherMode = wrap === 'A256KW' ? 'CKM_AES_KEY_WRAP_PAD' : 'A256KW';
    const otherWrapped = await sealed('wrapKey', { alg: otherMode, value: b64(randomBytes(32)) });
    failures.push(
      ...attempts(
        {
          'a bit flipped at the start': bytes(flipped(b64(wrapped))),
          'a bit flipped at the end': Buffer.from(
            wrapped.map((byte, at) => (at === wrapped.length - 1 ? byte ^ 1 : byte)),
          ),
          'wrapped with another key': elsewhere.update(randomBytes(32)),
          'wrapped in the other mode': bytes(textOf(otherWrapped, 'value')),
          'a block short': wrapped.subarray(8),
        },
        false,
        (value) => ({ alg, operation: 'unwrapKey', key, body: { alg, value } }),
      ),
      ...attempts(
        { 'a byte short': wrapped.subarray(1), 'one block': wrapped.subarray(0, 8), nothing: Buffer.alloc(0) },
        true,
        (value) => ({ alg, operation: 'unwrapKey', key, body: { alg, value } }),
      ),
    );
  }
  return failures;
}

function attempts(
  kinds: Readonly<Record<string, Uint8Array>>,
  plain: boolean,
  make: (value: string) => Omit<FailingDecryption, 'kind' | 'plain'>,
): FailingDecryption[] {
  return Object.entries(kinds).map(([kind, value]) => ({ ...make(b64(value)), kind, plain }));
}

const b64 = (value: Uint8Array): string => Buffer.from(value).toString('base64url');
const bytes = (text: string): Buffer => Buffer.from(text, 'base64url');

function flipped(text: string): string {
  const value = bytes(text);
  value[0] = (value[0] ?? 0) ^ 1;
  return b64(value);
}

function textOf(answer: Readonly<Record<string, string>>, member: string): string {
  const text = answer[member];
  if (text === undefined) throw new Error(`the answer has no ${member}`);
  return text;
}
