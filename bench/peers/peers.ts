// What is compared: the same operations for each service, what differs between them in words, and the figures that
// Microsoft publishes.
import type { Prepared } from '../operations.ts';
import type { Hsm } from '../product/hsm.ts';

export const PEER_OPERATIONS = ['rs256', 'es256', 'a256gcm', 'keyget'] as const;
export type PeerOperation = (typeof PEER_OPERATIONS)[number];

/** A service that is asked over HTTPS. */
export interface Peer {
  readonly service: Hsm;
  /** Its processes, for the processor time that it takes. */
  readonly pids: readonly number[];
  prepare(operation: PeerOperation): Promise<Prepared>;
  /** Entries of its audit log by now. */
  auditEntries(): Promise<number | undefined>;
}

/** Thrown where a peer is not on this machine; the message holds the line that installs it. */
export class Missing extends Error {
  override readonly name = 'Missing';
}

/**
 * Operations a second of one partition with one key in use, of which a Managed HSM has three. It has no row for GCM; that
 * of AES key wrap is 2,100.
 */
export const PUBLISHED = {
  name: 'Azure Managed HSM (published)',
  source: 'https://learn.microsoft.com/azure/key-vault/managed-hsm/scaling-guidance',
  perSecond: new Map<PeerOperation, number>([
    ['rs256', 900],
    ['es256', 330],
    ['keyget', 1100],
  ]),
} as const;
