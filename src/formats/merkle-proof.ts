// Inclusion and consistency proofs of RFC 6962 §2.1: made from any source of subtree hashes, and verified as RFC 9162
// §2.1.3.2 and §2.1.4.2 say. Verifying says yes or no and never throws on a wrong proof.
import { EMPTY_ROOT, HASH_LENGTH, nodeHash, splitPoint } from './merkle.ts';

/** Hash of the tree over the leaves `start` ≤ i < `end`. */
export type RangeHash = (start: number, end: number) => Buffer;

/** PATH(index, D[size]). @throws RangeError when the index is not in the tree */
export function inclusionProof(index: number, size: number, range: RangeHash): Buffer[] {
  checkSize(size);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) throw new RangeError('the index is not in the tree');
  const path: Buffer[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      path.push(range(middle, end));
      end = middle;
    } else {
      path.push(range(start, middle));
      start = middle;
    }
  }
  return path.reverse();
}

/** PROOF(first, D[size]). @throws RangeError unless 0 ≤ first ≤ size */
export function consistencyProof(first: number, size: number, range: RangeHash): Buffer[] {
  checkSize(size);
  if (!Number.isSafeInteger(first) || first < 0 || first > size)
    throw new RangeError('no tree of that size came before');
  if (first === 0 || first === size) return [];
  const path: Buffer[] = [];
  let start = 0;
  let end = size;
  while (first !== end) {
    const middle = start + splitPoint(end - start);
    if (first <= middle) {
      path.push(range(middle, end));
      end = middle;
    } else {
      path.push(range(start, middle));
      start = middle;
    }
  }
  // The old root is known to the verifier unless the old tree is not one full subtree from the left edge.
  if (start !== 0) path.push(range(start, end));
  return path.reverse();
}

export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isCount(index) || !isCount(size) || index >= size || !allHashes([leaf, root, ...proof])) return false;
  let fn = BigInt(index);
  let sn = BigInt(size - 1);
  let hash: Uint8Array = leaf;
  for (const step of proof) {
    if (sn === 0n) return false;
    if ((fn & 1n) === 1n || fn === sn) {
      hash = nodeHash(step, hash);
      while ((fn & 1n) === 0n && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      hash = nodeHash(hash, step);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n && Buffer.compare(hash, root) === 0;
}

/** True when the tree of `size` leaves with `root` begins with the tree of `first` leaves with `firstRoot`. */
export function verifyConsistency(
  first: number,
  firstRoot: Uint8Array,
  size: number,
  root: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isCount(first) || !isCount(size) || first > size || !allHashes([firstRoot, root, ...proof])) return false;
  if (first === 0) return proof.length === 0 && Buffer.compare(firstRoot, EMPTY_ROOT) === 0;
  if (first === size) return proof.length === 0 && Buffer.compare(firstRoot, root) === 0;
  const path = isPowerOfTwo(first) ? [firstRoot, ...proof] : [...proof];
  const seed = path[0];
  if (seed === undefined) return false;
  let fn = BigInt(first - 1);
  let sn = BigInt(size - 1);
  while ((fn & 1n) === 1n) {
    fn >>= 1n;
    sn >>= 1n;
  }
  let fr = seed;
  let sr = seed;
  for (const step of path.slice(1)) {
    if (sn === 0n) return false;
    if ((fn & 1n) === 1n || fn === sn) {
      fr = nodeHash(step, fr);
      sr = nodeHash(step, sr);
      while ((fn & 1n) === 0n && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      sr = nodeHash(sr, step);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n && Buffer.compare(fr, firstRoot) === 0 && Buffer.compare(sr, root) === 0;
}

function checkSize(size: number): void {
  if (!isCount(size)) throw new RangeError('a tree size is a whole number');
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isPowerOfTwo(value: number): boolean {
  const big = BigInt(value);
  return (big & (big - 1n)) === 0n;
}

function allHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.length === HASH_LENGTH);
}
