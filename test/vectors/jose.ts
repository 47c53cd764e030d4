// JOSE tokens, with the key in the HSM. What the HSM does not do is done here as a client of a screenful: it takes compact
// tokens only, holds a key to its `alg` and `use`, and opens the content with the key that the HSM unwrapped.
import assert from 'node:assert/strict';
import { createDecipheriv, createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { algorithms } from '../../src/formats/algorithms.ts';
import { fromBase64url } from '../../src/formats/base64url.ts';
import type { Hsm } from './hsm.ts';
import type { FileRow, Outcome } from './run-file.ts';
import { b64, type Case, type Group, hex, type Jwk } from './wycheproof.ts';

export const joseFiles: readonly FileRow[] = [
  { file: 'json_web_key', operation: 'import, verify', run: withKey(verifyJws) },
  { file: 'json_web_crypto', operation: 'verify, unwrapKey', run: withKey(either) },
  { file: 'json_web_encryption', operation: 'unwrapKey, decrypt', run: withKey(openJwe) },
];

type Use = (hsm: Hsm, key: string, jwk: Jwk, test: Case) => Promise<boolean>;
interface Header {
  readonly alg?: string;
  readonly enc?: string;
  readonly kid?: string;
  readonly iv?: string;
  readonly tag?: string;
  readonly zip?: string;
}

function withKey(use: Use): FileRow['run'] {
  return async (hsm, test, group) => {
    const header = headerOf(test);
    const jwk = keyOf(group, header?.kid);
    if (jwk === undefined) return { why: 'choosing from a set of keys is the client’s part' };
    if (jwk['alg']?.startsWith('ECDH-ES') === true) return { why: 'the API has no key agreement' };
    const { alg, ...bare } = jwk;
    const reply = await hsm.import(bare);
    if (reply.status !== 200) {
      assert.equal(reply.status, 400, reply.text);
      if (test.result === 'valid') {
        assert.match(reply.text, /Invalid key size|'k' may have at most/);
        return { why: 'symmetric keys have 128, 192, 256 bits' };
      }
      return https(false);
    }
    // RFC 8725 §3.1: the header does not choose the algorithm.
    const meant = header?.alg === alg || (header?.alg === 'dir' && alg === header.enc);
    if (!meant) return https(false);
    return https(await use(hsm, await hsm.importOk(bare), jwk, test));
  };
}

const https = (taken: boolean): Outcome => ({ taken, through: 'HTTPS' });

function keyOf({ private: held }: Group, kid: string | undefined): Jwk | undefined {
  assert.ok(held !== undefined);
  if (!Array.isArray((held as { keys?: unknown }).keys)) return held as Jwk;
  const { keys } = held as { keys: readonly Jwk[] };
  const kinds = new Set(keys.map(({ kty }) => kty));
  const named = keys.filter((key) => key['kid'] === kid);
  return kinds.size === 1 && named.length === 1 ? named[0] : undefined;
}

function headerOf({ jws, jwe }: Case): Header | undefined {
  const token = jws ?? jwe;
  try {
    const value: unknown = JSON.parse(fromBase64url(String(token).split('.')[0] ?? '').toString('utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The parts in bytes; undefined when it is no compact token of so many. */
function partsOf(token: unknown, count: number): Buffer[] | undefined {
  if (typeof token !== 'string' || token.split('.').length !== count) return undefined;
  try {
    return token.split('.').map((part) => fromBase64url(part));
  } catch {
    return undefined;
  }
}

function either(hsm: Hsm, key: string, jwk: Jwk, test: Case): Promise<boolean> {
  return test.jws === undefined ? openJwe(hsm, key, jwk, test) : verifyJws(hsm, key, jwk, test);
}

async function verifyJws(hsm: Hsm, key: string, { alg = '', use }: Jwk, { jws }: Case): Promise<boolean> {
  const scheme = algorithms.get(alg)?.scheme;
  const parts = partsOf(jws, 3);
  if (use !== 'sig' || parts === undefined || scheme === undefined || !('hash' in scheme)) return false;
  const signed = Buffer.from(String(jws).split('.').slice(0, 2).join('.'), 'ascii');
  const digest =
    scheme.kind === 'hmac'
      ? signed
      : createHash(scheme.hash ?? 'sha256')
          .update(signed)
          .digest();
  return hsm.verifies(key, { alg, digest: b64(digest), value: b64(parts[2] ?? new Uint8Array(0)) });
}

async function openJwe(hsm: Hsm, key: string, _jwk: Jwk, test: Case): Promise<boolean> {
  const header = headerOf(test);
  const parts = partsOf(test.jwe, 5) as [Buffer, Buffer, Buffer, Buffer, Buffer] | undefined;
  if (header === undefined || parts === undefined) return false;
  const [, encryptedKey, iv, ciphertext, tag] = parts;
  const aad = Buffer.from(String(test.jwe).split('.')[0] ?? '', 'ascii');
  let plain: Buffer | undefined;
  if (header.alg === 'dir') {
    const body = { alg: header.enc, value: b64(ciphertext), iv: b64(iv), aad: b64(aad), tag: b64(tag) };
    plain = await hsm.bytes(key, 'decrypt', body);
  } else {
    const contentKey = await unwrap(hsm, key, header, encryptedKey);
    if (contentKey === undefined) return false;
    plain = openContent(header.enc ?? '', contentKey, aad, iv, ciphertext, tag);
  }
  if (plain !== undefined && header.zip === 'DEF') plain = inflateRawSync(plain);
  return plain !== undefined && (test.pt === undefined || plain.equals(hex(test.pt)));
}

function unwrap(hsm: Hsm, key: string, { alg = '', iv, tag }: Header, value: Buffer): Promise<Buffer | undefined> {
  // RFC 7518 §4.7: AES-GCM with the iv and the tag in the header.
  const gcm = /^(A\d+GCM)KW$/.exec(alg)?.[1];
  if (gcm !== undefined) return hsm.bytes(key, 'decrypt', { alg: gcm, value: b64(value), iv, tag });
  return hsm.bytes(key, 'unwrapKey', { alg, value: b64(value) });
}

/** RFC 7518 §5; undefined when it does not open. */
function openContent(
  enc: string,
  key: Buffer,
  aad: Buffer,
  iv: Buffer,
  ciphertext: Buffer,
  tag: Buffer,
): Buffer | undefined {
  const gcm = /^A(\d+)GCM$/.exec(enc)?.[1];
  const cbc = /^A(\d+)CBC-HS(\d+)$/.exec(enc);
  try {
    if (gcm !== undefined) {
      if (tag.length !== 16 || iv.length !== 12 || key.length !== Number(gcm) / 8) return undefined;
      const decipher = createDecipheriv(`aes-${gcm as '128'}-gcm`, key, iv, { authTagLength: 16 });
      decipher.setAAD(aad).setAuthTag(tag);
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    }
    if (cbc === null || key.length !== Number(cbc[2]) / 8) return undefined;
    const half = key.length / 2;
    const bits = Buffer.alloc(8);
    bits.writeBigUInt64BE(BigInt(aad.length) * 8n);
    const mac = createHmac(`sha${cbc[2]}`, key.subarray(0, half));
    const wanted = mac.update(aad).update(iv).update(ciphertext).update(bits).digest().subarray(0, half);
    if (tag.length !== half || !timingSafeEqual(wanted, tag)) return undefined;
    const decipher = createDecipheriv(`aes-${cbc[1]}-cbc`, key.subarray(half), iv);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    // Damaged, or not under this key: the same answer.
    return undefined;
  }
}
