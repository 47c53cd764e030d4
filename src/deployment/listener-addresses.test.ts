import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenerAddresses, readPlace, targetBesides, writePlace } from './listener-addresses.ts';

const listeners = [
  { instance: 'Dev', connection: 'c', address: '127.0.0.1', port: 9443 },
  { instance: 'dev', connection: 'c', address: '::1', port: 443 },
  { instance: 'west', connection: 'c', address: '127.0.0.1', port: 9444, proxies: { from: ['127.0.0.1/32'] } },
  { instance: 'west', connection: 'c', socket: '/run/west.sock' },
];

test('a port leads to the listener of that instance alone, and never where a PROXY header is expected', () => {
  const places = listenerAddresses(listeners);
  assert.deepEqual(targetBesides(places, 'dev', 9443), { instance: 'Dev', address: '127.0.0.1', port: 9443 });
  assert.equal(targetBesides(places, 'west', 9443), undefined);
  assert.equal(targetBesides(places, 'west', 9444), undefined);
  assert.equal(targetBesides(places, 'dev', 443), undefined, "the public cloud's names have it");
});

test('places survive being arguments, and nothing else is one', () => {
  const places = listenerAddresses(listeners);
  assert.deepEqual(places.map(writePlace).map(readPlace), places);
  for (const text of ['dev 127.0.0.1', 'dev localhost 1', 'dev 127.0.0.1 x', 'dev 127.0.0.1 1 2']) {
    assert.throws(() => readPlace(text), /no place/);
  }
});
