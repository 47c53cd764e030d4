import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readNamedListeners } from './private-listeners.ts';

const at = (address: string, port = 8443): object => ({ instance: 'one', connection: 'pe-one', address, port });
const by = (socket: string): object => ({ instance: 'two', connection: 'pe-two', socket });
const read = (...listeners: readonly object[]) => readNamedListeners(listeners, 'privateListeners');

test('two listeners at one place are refused, however the place is written', () => {
  const twice = /privateListeners has two listeners at /;
  for (const [one, other] of [
    [at('10.0.0.5'), at('::ffff:10.0.0.5')],
    [at('10.0.0.5'), at('::ffff:a00:5')],
    [at('2001:DB8::1'), at('2001:db8:0:0:0:0:0:1')],
    [at('fe80::1%eth0'), at('FE80:0::1%eth0')],
    [by('/run/two/sock'), by('/run//two/./sock')],
    [by('/run/two/sock'), by('/run/two/../two/sock')],
  ] as const) {
    assert.throws(() => read(one, other), twice, JSON.stringify([one, other]));
  }
});

test('other addresses, ports, zones and sockets are other places, and stay as they were written', () => {
  const all = [
    at('10.0.0.5'),
    at('10.0.0.5', 8444),
    at('::ffff:10.0.0.6'),
    at('fe80::1%eth0'),
    at('fe80::1%eth1'),
    by('/run/two/sock'),
    by('/run/two/Sock'),
  ];
  assert.deepEqual(read(...all), all);
});
