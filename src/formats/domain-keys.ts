// What a security domain is for: the keys that every instance recovered from it shares. An instance's other root keys are
// its own and in no file that leaves it.
import { fields } from './fields.ts';

export interface DomainKeys {
  /** AES: opens backups; the domain's identity is derived from it. */
  readonly backup: Uint8Array;
  /** P-384, PKCS#8 DER: the root of attestations. */
  readonly attestation: Uint8Array;
}

const layout = fields({
  version: 'u8',
  backup: 'bytes',
  attestation: 'bytes',
});

export class DomainKeysError extends Error {
  override readonly name = 'DomainKeysError';
}

/** The caller overwrites what it gets. */
export function encodeDomainKeys({ backup, attestation }: DomainKeys): Buffer {
  return layout.encode({ version: 1, backup, attestation });
}

/** Views into `bytes`. @throws DomainKeysError, FieldsError */
export function decodeDomainKeys(bytes: Buffer): DomainKeys {
  const { version, backup, attestation } = layout.decode(bytes);
  if (version !== 1) throw new DomainKeysError(`domain keys of version ${version} are unknown here`);
  if (backup.length !== 32 || attestation.length === 0) throw new DomainKeysError('a domain key has a wrong length');
  return { backup, attestation };
}
