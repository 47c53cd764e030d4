import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CompactRange, EMPTY_ROOT, leafHash, nodeHash, rootOf } from './merkle.ts';

// Inputs and roots of the reference tree in the Certificate Transparency test suite (RFC 6962).
const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const reference = inputs.map((hex) => leafHash(Buffer.from(hex, 'hex')));

function leavesOf(size: number): Buffer[] {
  return Array.from({ length: size }, (_, i) => leafHash(Buffer.from(`entry ${i}`)));
}

test('the empty tree and the reference trees have the published roots', () => {
  assert.equal(EMPTY_ROOT.toString('hex'), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  const range = new CompactRange();
  assert.deepEqual(range.root(), EMPTY_ROOT);
  for (const [i, leaf] of reference.entries()) {
    range.push(leaf);
    assert.equal(range.root().toString('hex'), roots[i]);
    assert.equal(rootOf(reference, 0, i + 1).toString('hex'), roots[i]);
  }
});

test('a growing range has the root of the whole tree at every size', () => {
  const leaves = leavesOf(600);
  const range = new CompactRange();
  for (const [i, leaf] of leaves.entries()) {
    range.push(leaf);
    if (i % 37 === 0 || i > 590) assert.deepEqual(range.root(), rootOf(leaves, 0, i + 1));
  }
});

test('a range told of full subtrees equals one told of their leaves, and refuses one out of place', () => {
  const leaves = leavesOf(300);
  const range = new CompactRange();
  range.push(rootOf(leaves, 0, 256), undefined, 8);
  for (const leaf of leaves.slice(256)) range.push(leaf);
  assert.deepEqual(range.root(), rootOf(leaves));
  assert.throws(() => range.push(EMPTY_ROOT, undefined, 8), RangeError);
});

test('a leaf cannot pass for a node', () => {
  const [a, b] = [leafHash(Buffer.from('a')), leafHash(Buffer.from('b'))];
  assert.notDeepEqual(leafHash(Buffer.concat([a, b])), nodeHash(a, b));
});
