// Root keys of a new instance, and keys of a new security domain.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { decodeDomainKeys, encodeDomainKeys } from '../../formats/domain-keys.ts';
import { encodeRootKeys } from '../../formats/root-keys.ts';
import { RootKeys } from '../root-keys.ts';

/** Those of the domain are of no use yet: the first ceremony makes or brings others. */
export function makeRootKeys(): RootKeys {
  using domain = makeDomainKeys();
  const secrets = {
    wrapping: randomBytes(32),
    recordSealing: randomBytes(32),
    recordNaming: randomBytes(32),
    auditSigning: randomBytes(32),
  };
  const encoded = encodeRootKeys({ ...secrets, ...decodeDomainKeys(domain.encoded) });
  for (const secret of Object.values(secrets)) secret.fill(0);
  return new RootKeys(encoded);
}

/**
 * The same instance in another security domain: its own keys, and the domain's.
 * @param keys `encodeDomainKeys`; the caller overwrites them
 * @throws FieldsError
 */
export function joinDomain(own: RootKeys, keys: Buffer): RootKeys {
  return new RootKeys(own.use((present) => encodeRootKeys({ ...present, ...decodeDomainKeys(keys) })));
}

/** Fresh keys of a security domain (`encodeDomainKeys`), overwritten when disposed. */
export function makeDomainKeys(): Disposable & { readonly encoded: Buffer } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const attestation = privateKey.export({ format: 'der', type: 'pkcs8' });
  const backup = randomBytes(32);
  const encoded = encodeDomainKeys({ backup, attestation });
  attestation.fill(0);
  backup.fill(0);
  return { encoded, [Symbol.dispose]: () => void encoded.fill(0) };
}
