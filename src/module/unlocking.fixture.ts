// What opens a locked module in tests: passphrases, and custodians' packets.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { makePacket } from '../formats/custodian-packet.ts';
import type { PacketContent } from '../formats/custodian-statement.ts';
import { decryptWithRsa, encryptToRsa } from '../formats/jwe-rsa.ts';
import { readShareList } from '../formats/seal-shares.ts';
import { parseSecurityDomain } from '../formats/security-domain.ts';
import type { Custodian } from './custodians.fixture.ts';
import { ask } from './key-module.fixture.ts';
import type { KeyModule } from './key-module.ts';

export const COST = { memory: 65_536, passes: 1, lanes: 4 };
const NOBODY = { secret: Buffer.alloc(0), cost: {}, certificates: [], required: 0 };

export type SealRequest =
  | { readonly kind: 'file' }
  | { readonly passphrase: string }
  | { readonly quorum: readonly Custodian[]; readonly required: number };

export async function change(module: KeyModule, sealRequest: SealRequest): Promise<void> {
  if ('passphrase' in sealRequest) {
    const secret = Buffer.from(sealRequest.passphrase, 'utf8');
    await ask(module, 'changeSeal', { ...NOBODY, kind: 'passphrase', secret, cost: COST });
  } else if ('quorum' in sealRequest) {
    const certificates = sealRequest.quorum.map(({ certificate }) => certificate);
    await ask(module, 'changeSeal', { ...NOBODY, kind: 'quorum', certificates, required: sealRequest.required });
  } else await ask(module, 'changeSeal', { ...NOBODY, kind: 'file' });
}

export async function certificateOf(module: KeyModule): Promise<X509Certificate> {
  return new X509Certificate((await ask(module, 'unlockKey', {})).certificate);
}

export function thumbprintOf(certificate: X509Certificate): string {
  return Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
}

export async function tryPassphrase(module: KeyModule, passphrase: string): Promise<unknown> {
  const certificate = await certificateOf(module);
  const secret = encryptToRsa(certificate.publicKey, 'passphrase', Buffer.from(passphrase, 'utf8'));
  return ask(module, 'unlock', { recipient: thumbprintOf(certificate), secret, packets: [] });
}

export async function packetOf(
  module: KeyModule,
  custodian: Custodian,
  edit: Partial<PacketContent> = {},
): Promise<unknown> {
  const { shares } = (await ask(module, 'showSeal', {})).seal as { readonly shares: string };
  const certificate = await certificateOf(module);
  const own = new X509Certificate(custodian.certificatePem);
  const privateKey = createPrivateKey(custodian.privateKeyPem);
  const encrypted = parseSecurityDomain(shares).SharedKeys.enc_shares.find(
    ({ x5t_256 }) => x5t_256 === thumbprintOf(own),
  );
  const share = encrypted === undefined ? Buffer.alloc(64) : decryptWithRsa(privateKey, encrypted.enc_key);
  const content = {
    purpose: 'unlock',
    domain: readShareList(shares).digest,
    recipient: thumbprintOf(certificate),
    share: encryptToRsa(certificate.publicKey, 'share', share),
    ...edit,
  } as PacketContent;
  return JSON.parse(makePacket(content, own.raw, privateKey, new Date('2026-11-25')));
}

export async function tryPackets(module: KeyModule, packets: readonly unknown[]): Promise<unknown> {
  return ask(module, 'unlock', { recipient: thumbprintOf(await certificateOf(module)), secret: '', packets });
}
