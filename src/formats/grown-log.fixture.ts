// For tests: a log with a key of its own, whose tree is kept in memory; checkpoints of any of its sizes, and proofs between them.
import { generateKeyPairSync, sign } from 'node:crypto';
import { formatAddCheckpoint } from './add-checkpoint.ts';
import { consistencyProof } from './consistency-proof.ts';
import { leafHash, rootOf } from './merkle.ts';
import { formatVkey, type NoteVerifier, noteKeyHash, parseVkey } from './signed-note.ts';
import { checkpointBody, formatNote } from './written-log.fixture.ts';

export interface GrownLog {
  readonly origin: string;
  readonly vkey: string;
  readonly verifier: NoteVerifier;
  root(size: number): Buffer;
  checkpoint(size: number): string;
  proof(older: number, newer: number): Buffer[];
  /** The body of `add-checkpoint`. */
  request(older: number, newer: number): string;
  /** Another history by the same key, of which the first entries are the same. */
  fork(same: number): GrownLog;
}

export function growLog(origin: string, entries: number): GrownLog {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const keyHash = noteKeyHash(origin, raw);
  const vkey = formatVkey(origin, raw);
  let forks = 0;
  const withLeaves = (leaves: readonly Buffer[]): GrownLog => {
    const root = (size: number): Buffer => rootOf(leaves, 0, size);
    const checkpoint = (size: number): string => {
      const text = checkpointBody(origin, size, root(size));
      return formatNote(text, [{ name: origin, keyHash, signature: sign(null, Buffer.from(text), privateKey) }]);
    };
    const proof = (older: number, newer: number): Buffer[] =>
      consistencyProof(older, newer, (start, end) => rootOf(leaves, start, end));
    return {
      ...{ origin, vkey, verifier: parseVkey(vkey), root, checkpoint, proof },
      request: (older, newer) =>
        formatAddCheckpoint({ older, proof: older > newer ? [] : proof(older, newer), checkpoint: checkpoint(newer) }),
      fork(same) {
        forks += 1;
        return withLeaves([...leaves.slice(0, same), ...leavesOf(`fork ${forks}`, entries - same)]);
      },
    };
  };
  return withLeaves(leavesOf('entry', entries));
}

function leavesOf(what: string, count: number): Buffer[] {
  return Array.from({ length: count }, (_, i) => leafHash(Buffer.from(`${what} ${i}`)));
}
