// A partition over the module of a stopped instance, for exchanging its seal. Secrets go straight into its pipe. Whoever
// opens one holds the instance's lock.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { openCryptoClient } from '../../crypto/client/crypto-client.ts';
import type { PassphraseCost } from '../../formats/seal-header.ts';
import type { SealShown } from './describe-seal.ts';
import { readUnlockCertificate, type UnlockCertificate } from './secrets.ts';

export type NewSeal =
  | { readonly kind: 'file' }
  /** Overwritten. */
  | { readonly kind: 'passphrase'; readonly secret: Buffer; readonly cost: PassphraseCost }
  /** Standard base64 DER. */
  | { readonly kind: 'quorum'; readonly certificates: readonly string[]; readonly required: number };

/** @throws CryptoError when the state is not authentic */
export function openOfflineModule(moduleFolder: string): Promise<CryptoClient> {
  return openCryptoClient({ moduleFolder, partitions: 1, mayChangeSeal: true });
}

export async function sealOf(module: CryptoClient): Promise<SealShown> {
  return (await module.send('showSeal', {})).seal as SealShown;
}

export async function unlockCertificateOf(module: CryptoClient): Promise<UnlockCertificate> {
  return readUnlockCertificate(await module.unlockCertificate());
}

/** Durable when it resolves. @throws CryptoError */
export async function exchangeSeal(module: CryptoClient, seal: NewSeal): Promise<void> {
  const nothing = { secret: Buffer.alloc(0), cost: {}, certificates: [], required: 0 };
  try {
    await module.send('changeSeal', { ...nothing, ...seal });
  } finally {
    if (seal.kind === 'passphrase') seal.secret.fill(0);
  }
}

/** Of the two costs that RFC 9106 recommends, the one that this much memory allows. @param bytes of the machine */
export function recommendedCost(bytes: number): PassphraseCost {
  const GIB = 1024 * 1024 * 1024;
  return bytes >= 8 * GIB
    ? { memory: 2 * 1024 * 1024, passes: 1, lanes: 4 }
    : { memory: 64 * 1024, passes: 3, lanes: 4 };
}
