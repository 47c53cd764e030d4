// Statements about one key, signed by the module's attestation identity: what the key is, what it may do, and that this
// module holds it. The key is opened for it, so that nothing is said of a blob that does not open.
import { X509Certificate } from 'node:crypto';
import type { Engine } from '../crypto/engines/engine.ts';
import type { PublicKey, ReplyOf } from '../crypto/protocol/messages.ts';
import { toBase64url } from '../formats/base64url.ts';
import { ATTESTATION_FORMAT, type KeyStatement, STATEMENT_TYPES } from '../formats/key-attestation.ts';
import type { AttestationIdentity } from './attestation-identity.ts';
import { checkBinding } from './key-binding.ts';
import { withKeyMaterial } from './key-blobs.ts';
import type { Provisioned } from './sealed-state.ts';

/** @param now Unix seconds, written down @throws CryptoError KeyRefused, BadRequest */
export function attestKey(
  state: Provisioned,
  engine: Engine,
  identity: AttestationIdentity,
  { binding: claimed, blob, now }: { readonly binding: unknown; readonly blob: Uint8Array; readonly now: number },
): ReplyOf<'attestKey'> {
  const binding = checkBinding(claimed);
  const publicKey = withKeyMaterial(state, binding, blob, (material): PublicKey => {
    using key = engine.open(binding.kty, material);
    return key.publicKey;
  });
  const { kty: _, ...members } = publicKey;
  const common = {
    format: ATTESTATION_FORMAT,
    instance: { id: state.instanceId, name: state.instanceName },
    module: { engine: engine.name, library: engine.library, fipsValidated: false },
    issuedAt: now,
  } as const;
  const key = { name: binding.name, version: binding.version, kty: binding.kty, ...members };
  const held: KeyStatement = {
    ...common,
    statement: 'private',
    key,
    keyOps: binding.keyOps,
    exportable: binding.exportable,
    releasePolicy: binding.releasePolicy,
  };
  const shown: KeyStatement = { ...common, statement: 'public', key };
  const sign = (statement: KeyStatement): string =>
    identity.sign({ typ: STATEMENT_TYPES[statement.statement], 'x5t#S256': identity.thumbprint }, statement);
  return {
    chain: identity.chain.map((der) => new X509Certificate(der).toString()).join(''),
    privateStatement: toBase64url(Buffer.from(sign(held), 'ascii')),
    publicStatement: binding.kty === 'oct-HSM' ? '' : toBase64url(Buffer.from(sign(shown), 'ascii')),
  };
}
