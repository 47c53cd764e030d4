// Who this module is when it speaks to the outside: an RSA key with a certificate of the instance's attestation root (a
// root key). It lies sealed in the module's folder, where `ceremony/make-identity.ts` puts it when it is first needed.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Engine, type EngineKey, inputAlone } from '../crypto/engines/engine.ts';
import { CryptoError } from '../crypto/protocol/messages.ts';
import { algorithms } from '../formats/algorithms.ts';
import { sha256url, toBase64url } from '../formats/base64url.ts';
import { fields } from '../formats/fields.ts';
import { readIfThere } from './durable-file.ts';
import { openBox } from './sealed-box.ts';
import type { Provisioned } from './sealed-state.ts';

export const identityLayout = fields({
  version: 'u8',
  key: 'bytes',
  leaf: 'bytes',
  root: 'bytes',
});

export interface AttestationIdentity extends Disposable {
  /** DER: the certificate of the signing key, then the root's. */
  readonly chain: readonly [leaf: Buffer, root: Buffer];
  /** SHA-256 of the first, base64url. */
  readonly thumbprint: string;
  /** A compact JWS (RS256); `header` is added to `alg`. */
  sign(header: Readonly<Record<string, unknown>>, payload: unknown): string;
}

export function identityPath(folder: string): string {
  return join(folder, 'attestation.sealed');
}

/** @throws CryptoError IdentityMissing; RecordRefused when the file is not what this module wrote */
export function openAttestationIdentity(folder: string, state: Provisioned, engine: Engine): AttestationIdentity {
  const sealed = readIfThere(identityPath(folder));
  if (sealed === undefined) throw new CryptoError('IdentityMissing', 'the module has no attestation identity yet');
  let plaintext: Buffer | undefined;
  try {
    plaintext = openBox(state.rootKeys.wrapping, identityContext(state), sealed);
    const { version, key, leaf, root } = identityLayout.decode(plaintext);
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
    thumbprint: sha256url(chain[0]),
    sign(header, payload) {
      const text = `${encode({ alg: 'RS256', ...header })}.${encode(payload)}`;
      const input = createHash('sha256').update(text, 'ascii').digest();
      const { output } = key.operate('sign', algorithm, inputAlone(input));
      return `${text}.${toBase64url(output)}`;
    },
    [Symbol.dispose]: () => key[Symbol.dispose](),
  };
}

function encode(value: unknown): string {
  return toBase64url(Buffer.from(JSON.stringify(value), 'utf8'));
}

export function identityContext({ instanceId }: Provisioned): Buffer {
  return Buffer.from(`strongroom attestation identity v1\n${instanceId}`, 'utf8');
}
