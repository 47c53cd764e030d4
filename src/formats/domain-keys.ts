// What a security domain is for: the keys that every instance recovered from it shares. An instance's other root keys are
// its own and in no file that leaves it.
import { FieldsError, fields } from './fields.ts';

const layout = fields({
  version: 'u8',
  /** AES: opens backups; the domain's identity is derived from it. */
  backup: 'bytes',
  /** P-384, PKCS#8 DER: the root of attestations. */
  attestation: 'bytes',
});
type DomainKeys = Omit<ReturnType<typeof layout.decode>, 'version'>;

/** The caller overwrites what it gets. */
export function encodeDomainKeys({ backup, attestation }: DomainKeys): Buffer {
  return layout.encode({ version: 1, backup, attestation });
}

/** Views into `bytes`. @throws FieldsError */
export function decodeDomainKeys(bytes: Buffer): DomainKeys {
  const { version, backup, attestation } = layout.decode(bytes);
  if (version !== 1) throw new FieldsError(`domain keys of version ${version} are unknown here`);
  if (backup.length !== 32 || attestation.length === 0) throw new FieldsError('a domain key has a wrong length');
  return { backup, attestation };
}
