// Key versions for tests: with every member, and material that nobody opens.
import type { KeyVersion } from '../keys/key-version.ts';

export function keyVersion(name: string, ordinal: number, version: string): KeyVersion {
  return {
    name,
    version,
    ordinal,
    kty: 'oct-HSM',
    keyOps: ['encrypt'],
    publicKey: { kty: 'oct-HSM', size: 256 },
    attributes: { enabled: true, exportable: false, created: 1, updated: 1 },
    blob: Buffer.from(`sealed ${version}`),
    blobId: version,
  };
}

export function versionId(number: number): string {
  return number.toString(16).padStart(32, '0');
}
