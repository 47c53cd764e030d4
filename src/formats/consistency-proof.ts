// Consistency proofs of Merkle trees: that one tree is the beginning of another. Made as RFC 6962 §2.1.2 defines them, by
// recursion, and verified as RFC 9162 §2.1.4.2 says, from the bottom up: neither way shares anything with the other.
import { EMPTY_ROOT, nodeHash, splitPoint } from './merkle.ts';

/** More hashes than the proof of any tree has (C2SP tlog-witness). */
export const MAX_PROOF = 63;

/** Root of the entries from `start` up to `end` of the larger tree. */
export type RangeRoot = (start: number, end: number) => Buffer;

/** That the tree of the first `older` entries is the beginning of that of `newer`; empty where there is nothing to prove. */
export function consistencyProof(older: number, newer: number, rangeRoot: RangeRoot): Buffer[] {
  if (!(older >= 0 && older <= newer)) throw new RangeError('a tree is no beginning of a smaller one');
  return older === 0 ? [] : subproof(older, 0, newer, true, rangeRoot);
}

/** @param isWhole whether the older tree begins at `start`, so that whoever verifies has its root */
function subproof(older: number, start: number, end: number, isWhole: boolean, rangeRoot: RangeRoot): Buffer[] {
  if (older === end) return isWhole ? [] : [rangeRoot(start, end)];
  const middle = start + splitPoint(end - start);
  return older <= middle
    ? [...subproof(older, start, middle, isWhole, rangeRoot), rangeRoot(middle, end)]
    : [...subproof(older, middle, end, false, rangeRoot), rangeRoot(start, middle)];
}

interface Tree {
  readonly size: number;
  readonly root: Uint8Array;
}

/** Whether the proof shows that the older tree is the beginning of the newer one. */
export function isConsistent(older: Tree, newer: Tree, proof: readonly Uint8Array[]): boolean {
  const ofOlder = Buffer.from(older.root);
  const ofNewer = Buffer.from(newer.root);
  if (older.size > newer.size || (older.size === 0 && !EMPTY_ROOT.equals(ofOlder))) return false;
  if (older.size === newer.size) return proof.length === 0 && ofOlder.equals(ofNewer);
  if (older.size === 0) return proof.length === 0;
  // Sizes go beyond 32 bits, so no bit operators.
  const isPower = Number.isInteger(Math.log2(older.size)) && 2 ** Math.log2(older.size) === older.size;
  const path = isPower ? [ofOlder, ...proof] : [...proof];
  const [first, ...others] = path;
  if (first === undefined || proof.length > MAX_PROOF) return false;
  let fn = older.size - 1;
  let sn = newer.size - 1;
  while (fn % 2 === 1) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  let fr: Uint8Array = first;
  let sr: Uint8Array = first;
  for (const hash of others) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(hash, fr);
      sr = nodeHash(hash, sr);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
    } else {
      sr = nodeHash(sr, hash);
    }
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  return sn === 0 && ofOlder.equals(fr) && ofNewer.equals(sr);
}
