// The enclave's side of a release: reads the token that the service answered, and unwraps the key with the enclave's
// private key. For demonstrations and tests; a real enclave does the same inside.
import { constants, createDecipheriv, type KeyObject, privateDecrypt, verify, X509Certificate } from 'node:crypto';
import { fromBase64, fromBase64url } from '../../formats/base64url.ts';
import { publicKeyHash } from '../../formats/fingerprint.ts';
import { wrapModes } from '../../formats/key-wrap-modes.ts';
import { orThrow, Refusal } from '../../formats/refusal.ts';

/** RFC 5649 §3. */
const AIV = Buffer.from('a65959a6', 'hex');

/**
 * @returns `material`: PKCS#8 DER, or the raw bytes of a symmetric key; `root`: hash of the public key of the chain's root, to be
 *   compared with the instance's own
 * @throws Refusal
 */
export function openRelease(token: string, enclaveKey: KeyObject) {
  const [header = '', payload = '', signature = '', spare] = token.split('.');
  if (spare !== undefined) throw new Refusal('it is not a compact JWS');
  const root = checkSigned(header, payload, signature);
  const { request, response } = readJson(payload);
  const { kid, kty, key_hsm: keyHsm } = objectOf(objectOf(objectOf(response)['key'])['key']);
  if (typeof kid !== 'string' || typeof kty !== 'string' || typeof keyHsm !== 'string') {
    throw new Refusal('the token holds no released key');
  }
  const { nonce } = objectOf(request);
  return { kid, kty, material: unwrap(keyHsm, enclaveKey), root, nonce: typeof nonce === 'string' ? nonce : undefined };
}

/** RS256 by the first certificate, which the second issued; answers the hash of the second's key. */
function checkSigned(header: string, payload: string, signature: string): string {
  const { alg, x5c } = readJson(header);
  if (alg !== 'RS256' || !Array.isArray(x5c) || x5c.length !== 2) throw new Refusal('it is signed in another way');
  const [leaf, root] = orThrow(
    () => x5c.map((text) => new X509Certificate(fromBase64(text as string))) as [X509Certificate, X509Certificate],
    (cause) => new Refusal('its certificates do not read', { cause }),
  );
  const issued = root.ca && leaf.checkIssued(root) && leaf.verify(root.publicKey) && root.verify(root.publicKey);
  const signed = Buffer.from(`${header}.${payload}`, 'ascii');
  if (
    !issued ||
    !verify(
      'sha256',
      signed,
      leaf.publicKey,
      orThrow(() => fromBase64url(signature), otherwise),
    )
  ) {
    throw new Refusal('its signature is not valid');
  }
  return publicKeyHash(root.publicKey);
}

function unwrap(keyHsm: string, enclaveKey: KeyObject): Buffer {
  const { header, ciphertext } = readJson(keyHsm);
  const mode = wrapModes.get(String(objectOf(header)['enc']));
  if (mode === undefined || typeof ciphertext !== 'string') throw new Refusal('the key is wrapped in another way');
  const bytes = orThrow(() => fromBase64url(ciphertext), otherwise);
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
  return objectOf(orThrow(() => JSON.parse(fromBase64url(segment).toString('utf8')) as unknown, otherwise));
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw otherwise();
  return value as Record<string, unknown>;
}

function otherwise(cause?: Error): Refusal {
  return new Refusal('it is not a release token', { cause });
}
