// Brings together the shares that custodians encrypted to the transfer key, each in a signed packet, and opens the domain
// file with them. What is wrong is said with the packet and the custodian it came from.
import { type CustodianPacket, readPacket, readPacketValue } from '../../formats/custodian-packet.ts';
import type { PacketStatement, Successors } from '../../formats/custodian-statement.ts';
import { type OpenedDomain, openFile } from '../../formats/domain-entries.ts';
import { shortFingerprint } from '../../formats/fingerprint.ts';
import { JweError } from '../../formats/jwe.ts';
import { decryptWithRsa } from '../../formats/jwe-rsa.ts';
import { orThrow } from '../../formats/refusal.ts';
import { type EncryptedShare, hashOfDomain, MASTER_BYTES, parseSecurityDomain } from '../../formats/security-domain.ts';
import { joinShares } from '../../formats/shamir.ts';
import { ShapeError } from '../../formats/shape.ts';
import { proofHashOf } from '../../formats/share-proof.ts';
import type { TransferKey } from './transfer-key.ts';

export interface Quorum {
  /** The domain file's text. */
  readonly domain: string;
  /** Custodian packets: values of JSON, or texts. */
  readonly packets: unknown;
}

/** What the custodians must have agreed to. */
export type Purpose =
  | { readonly purpose: 'recover' }
  | { readonly purpose: 'reshare'; readonly successors: Successors };

export interface GatheredDomain extends Disposable {
  readonly opened: OpenedDomain;
  /** x5t#S256 of those whose shares opened it. */
  readonly quorum: readonly string[];
}

const MAX_PACKETS = 10;

/** @throws ShapeError, FieldsError */
export function openWithPackets({ domain, packets }: Quorum, wanted: Purpose, transfer: TransferKey): GatheredDomain {
  const file = parseSecurityDomain(domain);
  const { enc_shares: shares, required } = file.SharedKeys;
  if (!Array.isArray(packets) || packets.length > MAX_PACKETS) {
    throw new ShapeError(`packets: must be a list of at most ${MAX_PACKETS} custodian packets`);
  }
  const byCustodian = new Map<string, Buffer>();
  let master: Buffer | undefined;
  try {
    packets.forEach((packet: unknown, index) => {
      const where = `packets[${index}]`;
      const statement = readStatement(packet, where);
      const who = `${where}, of the custodian ${shortFingerprint(statement.custodian)},`;
      checkStatement(statement, who, wanted, hashOfDomain(domain), transfer);
      const listed = shares.find(({ x5t_256 }) => x5t_256 === statement.custodian);
      if (listed === undefined) throw new ShapeError(`${who} is of nobody that the domain file names`);
      if (byCustodian.has(statement.custodian)) {
        throw new ShapeError(`${who} is the second of this custodian: each is counted once`);
      }
      byCustodian.set(statement.custodian, openShare(statement.share, listed, who, transfer));
    });
    if (byCustodian.size < required) {
      throw new ShapeError(
        `packets: ${required} of ${shares.length} custodians are needed, ${byCustodian.size} are here`,
      );
    }
    const used = [...byCustodian].slice(0, required);
    master = joinShares(
      used.map(([, share]) => share),
      required,
    );
    if (master.length !== MASTER_BYTES) throw new ShapeError('the shares hold no master key');
    const opened = openFile(file, master);
    return { opened, quorum: used.map(([custodian]) => custodian), [Symbol.dispose]: () => opened[Symbol.dispose]() };
  } finally {
    for (const share of byCustodian.values()) share.fill(0);
    master?.fill(0);
  }
}

function readStatement(packet: unknown, where: string): PacketStatement {
  const read = (): CustodianPacket => (typeof packet === 'string' ? readPacket(packet) : readPacketValue(packet));
  return orThrow(read, (cause) => new ShapeError(`${where}: ${cause.message}`, { cause }), ShapeError).statement;
}

type WithShare = Extract<PacketStatement, { readonly purpose: 'recover' | 'unlock' | 'reshare' }>;

function checkStatement(
  statement: PacketStatement,
  who: string,
  wanted: Purpose,
  domainHash: string,
  { thumbprint }: TransferKey,
): asserts statement is WithShare {
  if (statement.purpose !== wanted.purpose) {
    throw new ShapeError(`${who} was made to ${statement.purpose}, not to ${wanted.purpose}`);
  }
  if (statement.domain !== domainHash) {
    throw new ShapeError(`${who} was made for another security-domain file, or the file was changed`);
  }
  if (statement.recipient !== thumbprint) {
    throw new ShapeError(
      `${who} is encrypted to another transfer key: fetch the present one and have the packet made again`,
    );
  }
  if (wanted.purpose !== 'reshare' || statement.purpose !== 'reshare') return;
  const { required, thumbprints } = statement.successors;
  const agreed = required === wanted.successors.required && thumbprints.join() === wanted.successors.thumbprints.join();
  if (!agreed) throw new ShapeError(`${who} agrees to other successors, or to another quorum of them`);
}

function openShare(jwe: string, listed: EncryptedShare, who: string, { privateKey }: TransferKey): Buffer {
  const share = orThrow(
    () => decryptWithRsa(privateKey, jwe),
    (cause) => new ShapeError(`${who} holds a share that does not open with the transfer key`, { cause }),
    JweError,
  );
  if (proofHashOf(share) === listed.proof_hash) return share;
  share.fill(0);
  throw new ShapeError(`${who} holds a share that is not the one of this custodian in this domain`);
}
