// The `quorum` seal: a random key, split over custodians' certificates and kept nowhere else. Each start needs as many
// custodians as its quorum says, each with a packet whose share is encrypted to the partition that is being unlocked.
import { createSecretKey, type KeyObject, randomBytes, randomFillSync, timingSafeEqual } from 'node:crypto';
import { badRequest, CryptoError } from '../../crypto/protocol/messages.ts';
import { type CustodianPacket, readPacketValue } from '../../formats/custodian-packet.ts';
import { shortFingerprint } from '../../formats/fingerprint.ts';
import { JweError } from '../../formats/jwe.ts';
import { orThrow } from '../../formats/refusal.ts';
import type { Seal } from '../../formats/seal-header.ts';
import { readShareList, type ShareList, writeShareList } from '../../formats/seal-shares.ts';
import type { Custodian, EncryptedShare } from '../../formats/security-domain.ts';
import { joinShares, splitSecret } from '../../formats/shamir.ts';
import { ShapeError } from '../../formats/shape.ts';
import { proofHashOf } from '../../formats/share-proof.ts';
import { secretKeyOf } from '../sealed-box.ts';

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
  custodians: readonly Custodian[],
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
    throw badRequest('packets', `must be 1 to ${MOST_PACKETS}`);
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
    const key = secretKeyOf(joinShares(shares, list.required));
    return { key, custodians: read.slice(0, list.required).map(({ listed }) => listed.x5t_256) };
  } catch (cause) {
    if (!(cause instanceof ShapeError)) throw cause;
    throw new CryptoError('SealRefused', `the shares do not open the seal: ${cause.message}`, { cause });
  } finally {
    for (const share of shares) share.fill(0);
  }
}

interface Read {
  readonly who: string;
  readonly listed: EncryptedShare;
  readonly share: string;
}

function readOne(value: unknown, index: number, list: ShareList, recipient: Recipient, seen: Set<string>): Read {
  const packet = orThrow(
    () => readPacketValue(value),
    (cause) => new CryptoError('BadRequest', `packets[${index}]: ${cause.message}`, { cause }),
    ShapeError,
  );
  const { statement } = packet;
  const who = nameOf(packet);
  const refuse = (why: string): never => {
    throw new CryptoError('SealRefused', `the packet of ${who}: ${why}`);
  };
  if (statement.purpose !== 'unlock') return refuse(`was made to ${statement.purpose}, not to unlock`);
  const listed = list.shares.find(({ x5t_256 }) => x5t_256 === statement.custodian);
  if (listed === undefined) return refuse('is of somebody who has no share of this seal');
  if (statement.domain !== list.digest) return refuse('is for another share list: take the one of this seal');
  if (statement.recipient !== recipient.thumbprint) {
    return refuse('is for another unlock certificate: each start makes a new one, take that and make the packet again');
  }
  if (seen.has(listed.x5t_256)) return refuse('was given twice');
  seen.add(listed.x5t_256);
  return { who, listed, share: statement.share };
}

function openShare({ who, listed, share }: Read, recipient: Recipient): Buffer {
  const opened = orThrow(
    () => recipient.decrypt(share),
    (cause) => new CryptoError('SealRefused', `the packet of ${who}: its share does not decrypt`, { cause }),
    JweError,
  );
  const proof = Buffer.from(proofHashOf(opened), 'ascii');
  const expected = Buffer.from(listed.proof_hash, 'ascii');
  if (proof.length === expected.length && timingSafeEqual(proof, expected)) return opened;
  opened.fill(0);
  throw new CryptoError('SealRefused', `the packet of ${who}: its share is not the one of this seal`);
}

/** As people know them, and as their certificate's fingerprint begins. */
function nameOf({ certificate, statement }: CustodianPacket): string {
  const subject = certificate.subject?.replace(/[^\x20-\x7e]+/g, ', ').slice(0, 100);
  return `${subject === '' || subject === undefined ? 'a custodian' : subject} (${shortFingerprint(statement.custodian)})`;
}
