import assert from 'node:assert/strict';
import type { LookupFunction } from 'node:net';
import { test } from 'node:test';
import { StorageError } from '../port.ts';
import { checkedLookup, isPublicAddress, type Resolve } from './public-address.ts';

test('addresses of this machine and of private networks are told from public ones', () => {
  for (const address of [
    ...[
      '0.0.0.0',
      '10.1.2.3',
      '100.64.0.1',
      '127.0.0.1',
      '127.255.0.1',
      '169.254.169.254',
      '172.16.0.1',
      '172.31.255.255',
    ],
    ...['192.168.1.1', '198.18.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255', '168.63.129'],
    ...[
      '::',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
      '64:ff9b::7f00:1',
      'fc00::1',
      'fd12::1',
      'fe80::1',
      'ff02::1',
    ],
    ...['2001:db8::1', '2001::1', '2002:7f00:1::1', 'localhost', ''],
  ]) {
    assert.equal(isPublicAddress(address), false, address);
  }
  for (const address of ['8.8.8.8', '20.60.1.1', '172.32.0.1', '100.128.0.1', '2603:1030::1', '2a01:111::1']) {
    assert.equal(isPublicAddress(address), true, address);
  }
});

type Found = { readonly address: string; readonly family: number };

function ask(lookup: LookupFunction, host: string): Promise<readonly Found[] | Error> {
  return new Promise((resolve) =>
    lookup(host, { all: true }, (error, found) => resolve(error ?? (found as readonly Found[]))),
  );
}

const resolvesTo =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

test('a name leads to public addresses only, or to those that the configuration lists', async () => {
  const mixed = checkedLookup([], resolvesTo('10.0.0.1', '20.60.1.1', '::1'));
  assert.deepEqual(await ask(mixed, 'a.example'), [{ address: '20.60.1.1', family: 4 }]);
  const rebound = await ask(checkedLookup([], resolvesTo('127.0.0.1', '169.254.169.254')), 'a.example');
  assert.ok(rebound instanceof StorageError && rebound.code === 'NotAllowed');
  assert.match(
    rebound.message,
    /a\.example stands for private addresses only; where that is meant, add the place with them/,
  );
  const nobody: Resolve = () => Promise.reject(new Error('a name was resolved'));
  assert.deepEqual(await ask(checkedLookup(['10.9.9.9'], nobody), 'a.example'), [{ address: '10.9.9.9', family: 4 }]);
  assert.deepEqual(await ask(checkedLookup([], nobody), 'localhost'), [{ address: '127.0.0.1', family: 4 }]);
  assert.match(String(await ask(checkedLookup([], nobody), 'a.example')), /a name was resolved/);
});
