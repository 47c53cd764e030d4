// What the front shows to an instance on a connection: when it was made, and a tag over that and all that it is of. 40 bytes.
import { createHmac, timingSafeEqual } from 'node:crypto';

const TIME_BYTES = 8;
const PROOF_BYTES = TIME_BYTES + 32;

/** What a proof is of. A copy is of use on this connection only, which whoever has both ends has anyway. */
export interface ConnectionProof {
  /** The client's address in its one text; undefined: the front speaks for itself. */
  readonly source: string | undefined;
  readonly fromPort: number;
  readonly toPort: number;
}

/** What one instance and the front share, made of what the front shares with the supervisor: instances share nothing. */
export function instanceKey(secret: Uint8Array, instance: string): Uint8Array {
  return createHmac('sha256', secret).update(`strongroom front ${instance.toLowerCase()}`).digest();
}

export function prove(key: Uint8Array, introduction: ConnectionProof, at: bigint): Uint8Array {
  const time = Buffer.alloc(TIME_BYTES);
  time.writeBigUInt64BE(at);
  return Buffer.concat([time, tag(key, introduction, at)]);
}

/** @returns when it was made; undefined: it is no proof of this */
export function provenAt(key: Uint8Array, proof: Uint8Array, introduction: ConnectionProof): bigint | undefined {
  if (proof.length !== PROOF_BYTES) return undefined;
  const bytes = Buffer.from(proof);
  const at = bytes.readBigUInt64BE();
  return timingSafeEqual(bytes.subarray(TIME_BYTES), tag(key, introduction, at)) ? at : undefined;
}

function tag(key: Uint8Array, { source = 'itself', fromPort, toPort }: ConnectionProof, at: bigint): Buffer {
  return createHmac('sha256', key).update(`${at} ${fromPort} ${toPort} ${source}`).digest();
}
