// Who this module is when it speaks to the outside: an RSA key with a certificate of the instance's attestation root (a
// root key). The key is made when first needed, by whichever partition is first, and lies sealed in the module's folder;
// so a module that was provisioned before it existed gets one as well.
import {
  createHash,
  createPublicKey,
  type KeyObject,
  randomBytes,
  sign as signWith,
  X509Certificate,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine, EngineKey } from '../crypto/engines/engine.ts';
import { CryptoError } from '../crypto/protocol/messages.ts';
import { algorithms } from '../formats/algorithms.ts';
import { toBase64url } from '../formats/base64url.ts';
import { type Fields, fields } from '../formats/fields.ts';
import { certificateDer, certificateToSign } from '../formats/x509-writer.ts';
import { createDurable } from './durable-file.ts';
import { openBox, sealBox } from './sealed-box.ts';
import type { Provisioned } from './state-file.ts';

const RSA_BITS = 3072;
const layout: Fields<{ version: 'u8'; key: 'bytes'; leaf: 'bytes'; root: 'bytes' }> = fields({
  version: 'u8',
  key: 'bytes',
  leaf: 'bytes',
  root: 'bytes',
});
const NONE = Buffer.alloc(0);

export interface AttestationIdentity extends Disposable {
  /** DER: the certificate of the signing key, then the root's. */
  readonly chain: readonly [leaf: Buffer, root: Buffer];
  /** SHA-256 of the first, base64url. */
  readonly thumbprint: string;
  /** A compact JWS (RS256); `header` is added to `alg`. */
  sign(header: Readonly<Record<string, unknown>>, payload: unknown): string;
}

/** @throws CryptoError RecordRefused when the file is not what this module wrote */
export async function openAttestationIdentity(
  folder: string,
  state: Provisioned,
  engine: Engine,
): Promise<AttestationIdentity> {
  const path = join(folder, 'attestation.sealed');
  return load(path, state, engine) ?? (await make(path, state, engine));
}

async function make(path: string, state: Provisioned, engine: Engine): Promise<AttestationIdentity> {
  const { key, material } = await engine.generate({ kty: 'RSA-HSM', size: RSA_BITS, publicExponent: 65537 });
  try {
    const { leaf, root } = certify(state, key);
    const plaintext = layout.encode({ version: 1, key: material, leaf, root });
    const sealed = sealBox(state.rootKeys.wrapping, contextOf(state), plaintext);
    plaintext.fill(0);
    // Another partition may have been first: what lies there then counts.
    createDurable(path, sealed);
  } finally {
    material.fill(0);
    key[Symbol.dispose]();
  }
  const identity = load(path, state, engine);
  if (identity === undefined) throw new CryptoError('Internal', 'the attestation identity cannot be read back');
  return identity;
}

function load(path: string, state: Provisioned, engine: Engine): AttestationIdentity | undefined {
  let sealed: Buffer;
  try {
    sealed = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let plaintext: Buffer | undefined;
  try {
    plaintext = openBox(state.rootKeys.wrapping, contextOf(state), sealed);
    const { version, key, leaf, root } = layout.decode(plaintext);
    if (version !== 1) throw new Error('unknown version');
    return identityOf(engine.open('RSA-HSM', key), [Buffer.from(leaf), Buffer.from(root)]);
  } catch (cause) {
    throw new CryptoError('RecordRefused', 'the attestation identity is not authentic', { cause });
  } finally {
    plaintext?.fill(0);
  }
}

function identityOf(key: EngineKey, chain: readonly [Buffer, Buffer]): AttestationIdentity {
  const algorithm = algorithms.get('RS256');
  if (algorithm === undefined) throw new CryptoError('Internal', 'RS256 is missing');
  return {
    chain,
    thumbprint: toBase64url(createHash('sha256').update(chain[0]).digest()),
    sign(header, payload) {
      const text = `${encode({ alg: 'RS256', ...header })}.${encode(payload)}`;
      const input = createHash('sha256').update(text, 'ascii').digest();
      const { output } = key.operate('sign', algorithm, { input, proof: NONE, iv: NONE, aad: NONE });
      return `${text}.${toBase64url(output)}`;
    },
    [Symbol.dispose]: () => key[Symbol.dispose](),
  };
}

function encode(value: unknown): string {
  return toBase64url(Buffer.from(JSON.stringify(value), 'utf8'));
}

/** Names and times are the instance's own, so that every certificate of one root says the same. */
function certify(state: Provisioned, key: EngineKey): { leaf: Buffer; root: Buffer } {
  const { publicKey } = key;
  if (publicKey.kty !== 'RSA-HSM') throw new CryptoError('Internal', 'the engine made another key');
  const rootKey = state.rootKeys.attestation;
  const rootSpki = spkiOf(createPublicKey(rootKey));
  const spki = spkiOf(createPublicKey({ key: { kty: 'RSA', n: publicKey.n, e: publicKey.e }, format: 'jwk' }));
  const issuer = `attestation root ${state.instanceId}`;
  const common = { issuer, notBefore: state.createdAt, issuerPublicKey: rootSpki };
  const issue = (subject: string, publicKeyDer: Buffer, authority: boolean): Buffer => {
    const serial = randomBytes(16);
    serial[0] = ((serial[0] as number) & 0x3f) | 0x40;
    const toSign = certificateToSign({ ...common, serial, subject, publicKey: publicKeyDer, authority });
    const der = certificateDer(toSign, signWith('sha384', toSign, rootKey));
    if (!new X509Certificate(der).verify(createPublicKey(rootKey))) {
      throw new CryptoError('Internal', 'a certificate did not come out right');
    }
    return der;
  };
  return {
    root: issue(issuer, rootSpki, true),
    leaf: issue(`attestation ${state.instanceId}`, spki, false),
  };
}

function spkiOf(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' });
}

function contextOf({ instanceId }: Provisioned): Buffer {
  return Buffer.from(`strongroom attestation identity v1\n${instanceId}`, 'utf8');
}
