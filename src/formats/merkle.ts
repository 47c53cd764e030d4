// Merkle tree hashing of RFC 6962 §2.1 (the same tree as RFC 9162): leaves, nodes, an append-only range that needs
// O(log n) memory, and roots of ranges.
import { hash } from 'node:crypto';

export const HASH_LENGTH = 32;

/** Root of the tree without entries: SHA-256 of nothing. */
export const EMPTY_ROOT: Buffer = sha256(Buffer.alloc(0));

const node = Buffer.alloc(1 + 2 * HASH_LENGTH);
node[0] = 1;

/** SHA-256(0x00 ‖ entry). */
export function leafHash(entry: Uint8Array): Buffer {
  const prefixed = Buffer.allocUnsafe(1 + entry.length);
  prefixed[0] = 0;
  prefixed.set(entry, 1);
  return sha256(prefixed);
}

/** Leaf hash of an entry that already stands behind its 0x00 byte: spares the copy on hot paths. */
export function prefixedLeafHash(zeroThenEntry: Uint8Array): Buffer {
  return sha256(zeroThenEntry);
}

/** SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  if (left.length !== HASH_LENGTH || right.length !== HASH_LENGTH) throw new RangeError('a node joins two hashes');
  node.set(left, 1);
  node.set(right, 1 + HASH_LENGTH);
  return sha256(node);
}

/** By way of a string: asking Node for a buffer costs five times as much. */
function sha256(bytes: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', bytes, 'latin1'), 'latin1');
}

/** Root over hashes that are leaves, or roots of full subtrees of one size. MTH of RFC 6962 §2.1, by recursion. */
export function rootOf(hashes: readonly Uint8Array[], start = 0, end: number = hashes.length): Buffer {
  const count = end - start;
  if (count === 0) return EMPTY_ROOT;
  if (count === 1) return Buffer.from(hashes[start] as Uint8Array);
  const middle = start + splitPoint(count);
  return nodeHash(rootOf(hashes, start, middle), rootOf(hashes, middle, end));
}

/** The largest power of two below `count` (at least 2): where RFC 6962 splits a tree of that many leaves. */
export function splitPoint(count: number): number {
  let half = 1;
  while (half * 2 < count) half *= 2;
  return half;
}

/** Called when a full subtree of 2^height leaves was completed. */
export type OnSubtree = (height: number, root: Buffer) => void;

/** A growing tree that keeps only the roots of its full subtrees: one per bit set in its size. */
export class CompactRange {
  #size = 0;
  /** Roots of the full subtrees, largest first. */
  readonly #roots: Buffer[] = [];

  get size(): number {
    return this.#size;
  }

  /** Appends a leaf (height 0) or a full subtree of 2^height leaves; the size must be a multiple of that. */
  push(root: Buffer, onSubtree?: OnSubtree, height = 0): void {
    if (this.#size % 2 ** height !== 0) throw new RangeError('a full subtree must stand at a multiple of its size');
    let joined = root;
    for (let at = height; Math.floor(this.#size / 2 ** at) % 2 === 1; at++) {
      joined = nodeHash(this.#roots.pop() as Buffer, joined);
      onSubtree?.(at + 1, joined);
    }
    this.#roots.push(joined);
    this.#size += 2 ** height;
  }

  root(): Buffer {
    if (this.#roots.length === 0) return EMPTY_ROOT;
    return this.#roots.reduceRight((right, left) => nodeHash(left, right));
  }
}
