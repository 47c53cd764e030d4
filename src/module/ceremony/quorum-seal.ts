// The `quorum` seal: a random key, split over custodians' certificates and kept nowhere else. Each start needs as many
// custodians as its quorum says, each with a packet whose share is encrypted to the partition that is being unlocked.
import { createSecretKey, type KeyObject, randomBytes, randomFillSync, timingSafeEqual } from 'node:crypto';
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { type CustodianPacket, PacketError, readPacketValue } from '../../formats/custodian-packet.ts';
import { shortFingerprint } from '../../formats/fingerprint.ts';
import { JweError } from '../../formats/jwe.ts';
import type { Seal } from '../../formats/seal-header.ts';
import {
  type ListedShare,
  readShareList,
  type ShareHolder,
  type ShareList,
  writeShareList,
} from '../../formats/seal-shares.ts';
import { joinShares, ShamirError, splitSecret } from '../../formats/shamir.ts';
import { proofHash, proofOfShare } from '../../formats/share-proof.ts';

export type QuorumSeal = Extract<Seal, { readonly kind: 'quorum' }>;

/** The key that the packets' shares are encrypted to. */
export interface Recipient {
  readonly thumbprint: string;
  decrypt(jwe: string): Buffer;
}

const KEY_BYTES = 32;
const MOST_PACKETS = 10;

export function makeQuorumSeal(
  instance: { readonly instanceId: string; readonly instanceName: string },
  custodians: readonly ShareHolder[],
  required: number,
): { readonly seal: QuorumSeal; readonly key: KeyObject } {
  const secret = randomBytes(KEY_BYTES);
  const shares = splitSecret(secret, required, custodians.length, randomFillSync);
  try {
    const text = writeShareList(instance, custodians, shares, required);
    return { seal: { kind: 'quorum', required, shares: text }, key: createSecretKey(secret) };
  } finally {
    for (const buffer of [secret, ...shares]) buffer.fill(0);
  }
}

export interface QuorumKey {
  readonly key: KeyObject;
  /** Thumbprints of those whose shares were used. */
  readonly custodians: readonly string[];
}

/** @throws CryptoError BadRequest or SealRefused, naming the custodian whose packet is at fault */
export function quorumKey(seal: QuorumSeal, packets: unknown, recipient: Recipient): QuorumKey {
  if (!Array.isArray(packets) || packets.length === 0 || packets.length > MOST_PACKETS) {
    throw new CryptoError('BadRequest', `packets: must be 1 to ${MOST_PACKETS}`);
  }
  const list = readShareList(seal.shares);
  const seen = new Set<string>();
  const read = packets.map((value: unknown, index) => readOne(value, index, list, recipient, seen));
  if (read.length < list.required) {
    throw new CryptoError(
      'SealRefused',
      `${list.required} of the ${list.shares.length} custodians are needed, packets of ${read.length} are here`,
    );
  }
  const shares: Buffer[] = [];
  try {
    for (const each of read.slice(0, list.required)) shares.push(openShare(each, recipient));
    const secret = joinShares(shares, list.required);
    const key = createSecretKey(secret);
    secret.fill(0);
    return { key, custodians: read.slice(0, list.required).map(({ listed }) => listed.thumbprint) };
  } catch (cause) {
    if (!(cause instanceof ShamirError)) throw cause;
    throw new CryptoError('SealRefused', `the shares do not open the seal: ${cause.message}`, { cause });
  } finally {
    for (const share of shares) share.fill(0);
  }
}

interface Read {
  readonly who: string;
  readonly listed: ListedShare;
  readonly share: string;
}

function readOne(value: unknown, index: number, list: ShareList, recipient: Recipient, seen: Set<string>): Read {
  let packet: CustodianPacket;
  try {
    packet = readPacketValue(value);
  } catch (cause) {
    if (!(cause instanceof PacketError)) throw cause;
    throw new CryptoError('BadRequest', `packets[${index}]: ${cause.message}`, { cause });
  }
  const { statement } = packet;
  const who = nameOf(packet);
  const refuse = (why: string): never => {
    throw new CryptoError('SealRefused', `the packet of ${who}: ${why}`);
  };
  if (statement.purpose !== 'unlock') return refuse(`was made to ${statement.purpose}, not to unlock`);
  const listed = list.shares.find(({ thumbprint }) => thumbprint === statement.custodian);
  if (listed === undefined) return refuse('is of somebody who has no share of this seal');
  if (statement.domain !== list.digest) return refuse('is for another share list: take the one of this seal');
  if (statement.recipient !== recipient.thumbprint) {
    return refuse('is for another unlock certificate: each start makes a new one, take that and make the packet again');
  }
  if (seen.has(listed.thumbprint)) return refuse('was given twice');
  seen.add(listed.thumbprint);
  return { who, listed, share: statement.share };
}

function openShare({ who, listed, share }: Read, recipient: Recipient): Buffer {
  let opened: Buffer;
  try {
    opened = recipient.decrypt(share);
  } catch (cause) {
    if (!(cause instanceof JweError)) throw cause;
    throw new CryptoError('SealRefused', `the packet of ${who}: its share does not decrypt`, { cause });
  }
  const proof = Buffer.from(proofHash(proofOfShare(opened)), 'ascii');
  const expected = Buffer.from(listed.proofHash, 'ascii');
  if (proof.length === expected.length && timingSafeEqual(proof, expected)) return opened;
  opened.fill(0);
  throw new CryptoError('SealRefused', `the packet of ${who}: its share is not the one of this seal`);
}

/** As people know them, and as their certificate's fingerprint begins. */
function nameOf({ certificate, statement }: CustodianPacket): string {
  const subject = certificate.subject?.replace(/[^\x20-\x7e]+/g, ', ').slice(0, 100);
  return `${subject === '' || subject === undefined ? 'a custodian' : subject} (${shortFingerprint(statement.custodian)})`;
}
