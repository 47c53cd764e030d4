// Opens what a transfer blob holds: a fresh AES-256 key under RSA-OAEP (SHA-1) of a key-exchange key, then the key under
// that (RFC 5649). The one place where it is ever in the clear on this side.
import { randomBytes } from 'node:crypto';
import { type Engine, type EngineKey, inputAlone } from '../crypto/engines/engine.ts';
import { badRequest, CryptoError, type KeyBinding, type RequestOf } from '../crypto/protocol/messages.ts';
import { type Algorithm, algorithms, type Operation } from '../formats/algorithms.ts';
import { DerError } from '../formats/der.ts';
import { decodePkcs8 } from '../formats/pkcs8.ts';
import { orThrow } from '../formats/refusal.ts';
import { ecMaterial, octMaterial, rsaMaterial, type SealedKey, sealMaterial } from './import-key.ts';
import { checkBinding, checkWrappedBinding } from './key-binding.ts';
import { withKeyMaterial } from './key-blobs.ts';
import type { Provisioned } from './sealed-state.ts';

const OAEP = algorithms.get('RSA-OAEP') as Algorithm;
const KEY_WRAP = algorithms.get('CKM_AES_KEY_WRAP_PAD') as Algorithm;
const EPHEMERAL_BYTES = 32;
/** SoftHSM, and what is built on it, pads to 8 bytes before it wraps with padding. */
const SPARE_ZEROS = 7;

/**
 * @throws CryptoError OperationNotAllowed, KeyRefused · CryptoFailed, one for every way in which it does not unwrap ·
 *   BadRequest when it unwraps to something that is not the key it should be
 */
export async function importWrappedKey(
  state: Provisioned,
  engine: Engine,
  asked: RequestOf<'importWrappedKey'>,
): Promise<SealedKey> {
  const kek = checkBinding(asked.kekBinding);
  const binding = checkWrappedBinding(asked.binding, kek);
  if (kek.kty !== 'RSA-HSM' || kek.keyOps.length !== 1 || kek.keyOps[0] !== 'import') {
    throw new CryptoError(
      'OperationNotAllowed',
      'key_ops: only an RSA-HSM key for import alone unwraps transfer blobs',
    );
  }
  const unwrapped = withKeyMaterial(state, kek, asked.kekBlob, (material) => {
    using key = engine.open(kek.kty, material);
    return unwrap(engine, key, asked.ciphertext);
  });
  try {
    return sealMaterial(state, engine, binding, await readUnwrapped(binding, asked.crv, unwrapped));
  } finally {
    unwrapped.fill(0);
  }
}

/** The second step is done whatever came of the first, so that neither answer nor time tells which of them failed. */
function unwrap(engine: Engine, kek: EngineKey, ciphertext: Uint8Array): Uint8Array {
  const width = kek.publicKey.kty === 'RSA-HSM' ? Buffer.from(kek.publicKey.n, 'base64url').length : 0;
  if (ciphertext.length < width + 16 || (ciphertext.length - width) % 8 !== 0) {
    throw badRequest(
      'ciphertext',
      `has ${ciphertext.length} bytes; with this key-exchange key it is ${width} and a multiple of 8`,
    );
  }
  const ephemeral = randomBytes(EPHEMERAL_BYTES);
  try {
    const opened = run(kek, 'decrypt', OAEP, ciphertext.subarray(0, width));
    if (opened?.length === EPHEMERAL_BYTES) ephemeral.set(opened);
    if (opened !== undefined) spendAsRefusal();
    opened?.fill(0);
    using key = engine.open('oct-HSM', ephemeral);
    const unwrapped = run(key, 'unwrapKey', KEY_WRAP, ciphertext.subarray(width));
    if (unwrapped === undefined) {
      throw new CryptoError('CryptoFailed', 'ciphertext: does not unwrap with this key-exchange key');
    }
    return unwrapped;
  } finally {
    ephemeral.fill(0);
  }
}

function run(key: EngineKey, operation: Operation, algorithm: Algorithm, input: Uint8Array): Uint8Array | undefined {
  try {
    return key.operate(operation, algorithm, inputAlone(input)).output;
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'CryptoFailed') return undefined;
    throw error;
  }
}

/** A refusal by the engine makes, throws and catches two errors: ten microseconds that would tell the two steps apart. */
function spendAsRefusal(): void {
  try {
    try {
      throw new Error('as the library');
    } catch {
      throw new CryptoError('CryptoFailed', 'as the engine');
    }
  } catch {
    // Only its time was wanted.
  }
}

async function readUnwrapped({ kty }: KeyBinding, crv: string, bytes: Uint8Array): Promise<Buffer> {
  if (kty === 'oct-HSM') return octMaterial(bytes);
  const wanted = kty.replace('-HSM', '');
  const key = orThrow(
    () => decodePkcs8(bytes, SPARE_ZEROS),
    () => badRequest('kty', `what was wrapped is not the PKCS#8 of an ${wanted} key`),
    DerError,
  );
  if (key.kty !== wanted) throw badRequest('kty', `what was wrapped is an ${key.kty} key`);
  if (key.kty === 'RSA') return rsaMaterial(key.rsa);
  if (key.ec.crv !== crv) throw badRequest('crv', `what was wrapped is a key on ${key.ec.crv}`);
  const width = (key.ec.point.length - 1) / 2;
  const x = key.ec.point.subarray(1, 1 + width);
  const y = key.ec.point.subarray(1 + width);
  return ecMaterial({ crv, d: key.ec.d, x, y });
}
