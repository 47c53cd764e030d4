// The enclave's side of a release: reads the token that the service answered, and unwraps the key with the enclave's
// private key. For demonstrations and tests; a real enclave does the same inside.

import {
  constants,
  createDecipheriv,
  createHash,
  type KeyObject,
  privateDecrypt,
  verify,
  X509Certificate,
} from 'node:crypto';
import { fromBase64, fromBase64url } from '../../formats/base64url.ts';
import { wrapModes } from '../../formats/key-wrap-modes.ts';
import { Refusal } from '../../formats/refusal.ts';

export interface OpenedRelease {
  readonly kid: string;
  readonly kty: string;
  /** PKCS#8 DER, or the raw bytes of a symmetric key. */
  readonly material: Buffer;
  /** SHA-256 of the public key of the chain's root, base64url: compare it with the instance's own. */
  readonly root: string;
  readonly nonce: string | undefined;
}

/** RFC 5649 §3. */
const AIV = Buffer.from('a65959a6', 'hex');

/** @throws Refusal */
export function openRelease(token: string, enclaveKey: KeyObject): OpenedRelease {
  const [header = '', payload = '', signature = '', spare] = token.split('.');
  if (spare !== undefined) throw new Refusal('it is not a compact JWS');
  const root = checkSigned(header, payload, signature);
  const { request, response } = readJson(payload);
  const { key } = objectOf(objectOf(response)['key']);
  const { kid, kty, key_hsm: keyHsm } = objectOf(key);
  if (typeof kid !== 'string' || typeof kty !== 'string' || typeof keyHsm !== 'string') {
    throw new Refusal('the token holds no released key');
  }
  const { nonce } = objectOf(request);
  return { kid, kty, material: unwrap(keyHsm, enclaveKey), root, nonce: typeof nonce === 'string' ? nonce : undefined };
}

/** RS256 by the first certificate, which the second issued; answers the second's fingerprint. */
function checkSigned(header: string, payload: string, signature: string): string {
  const { alg, x5c } = readJson(header);
  if (alg !== 'RS256' || !Array.isArray(x5c) || x5c.length !== 2) throw new Refusal('it is signed in another way');
  const [leaf, root] = x5c.map((text) => certificate(text)) as [X509Certificate, X509Certificate];
  const issued = root.ca && leaf.checkIssued(root) && leaf.verify(root.publicKey) && root.verify(root.publicKey);
  const signed = Buffer.from(`${header}.${payload}`, 'ascii');
  if (!issued || !verify('sha256', signed, leaf.publicKey, bytesOf(signature))) {
    throw new Refusal('its signature is not valid');
  }
  return createHash('sha256')
    .update(root.publicKey.export({ format: 'der', type: 'spki' }))
    .digest('base64url');
}

function certificate(text: unknown): X509Certificate {
  try {
    return new X509Certificate(fromBase64(text as string));
  } catch (cause) {
    throw new Refusal('its certificates do not read', { cause });
  }
}

function unwrap(keyHsm: string, enclaveKey: KeyObject): Buffer {
  const { header, ciphertext } = readJson(keyHsm);
  const mode = wrapModes.get(String(objectOf(header)['enc']));
  if (mode === undefined || typeof ciphertext !== 'string') throw new Refusal('the key is wrapped in another way');
  const bytes = bytesOf(ciphertext);
  const width = (enclaveKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  try {
    const oaep = { key: enclaveKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: mode.hash };
    const transport = privateDecrypt(oaep, bytes.subarray(0, width));
    const decipher = createDecipheriv('id-aes256-wrap-pad', transport, AIV);
    transport.fill(0);
    return Buffer.concat([decipher.update(bytes.subarray(width)), decipher.final()]);
  } catch {
    // Wrong key or damaged: unwrapping does not say which.
    throw new Refusal('the key does not open with this enclave key');
  }
}

function readJson(segment: string): Readonly<Record<string, unknown>> {
  try {
    return objectOf(JSON.parse(bytesOf(segment).toString('utf8')));
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal('it is not a release token', { cause: error });
  }
}

function bytesOf(text: string): Buffer {
  try {
    return fromBase64url(text);
  } catch (cause) {
    throw new Refusal('it is not a release token', { cause });
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new Refusal('it is not a release token');
  return value as Record<string, unknown>;
}
