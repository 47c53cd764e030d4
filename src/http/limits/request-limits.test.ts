import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { it } from 'node:test';
import { type Held, OpenConnections } from './open-connections.ts';
import { BEGINNINGS, EVERYBODY, openThrottle } from './request-limits.ts';
import { ThrottledTally } from './throttled-tally.ts';

it('throttles strangers by address and principals by object id, and says for how long', () => {
  let now = 0;
  const size = { burst: 2, perSecond: 0.25 };
  const throttle = openThrottle({ strangers: size, principals: size, connectionsPerAddress: 1 }, () => now);
  for (const act of [() => throttle.stranger('192.0.2.1'), () => throttle.principal('alice')]) {
    act();
    act();
    assert.throws(act, { code: 'Throttled', status: 429, retryAfter: 4 });
  }
  throttle.stranger('192.0.2.2');
  throttle.principal('bob');
  now = 4;
  throttle.stranger('192.0.2.1');
  throttle.principal('alice');
});

/** How many of these are let through. */
function passed(addresses: readonly string[], burst: number): number {
  const throttle = openThrottle({ strangers: { burst, perSecond: 1 }, connectionsPerAddress: 1 }, () => 0);
  return addresses.filter((address) => {
    try {
      throttle.stranger(address);
      return true;
    } catch {
      return false;
    }
  }).length;
}

const many = (nth: (n: number) => string): readonly string[] => Array.from({ length: 1000 }, (_, n) => nth(n));

it('takes addresses of one IPv6 network for one, and gives the network of one customer four shares', () => {
  assert.equal(
    passed(
      many((n) => `2001:db8:0:1::${n.toString(16)}`),
      2,
    ),
    2,
  );
  assert.equal(
    passed(
      many((n) => `2001:db8:0:${n.toString(16)}::1`),
      2,
    ),
    8,
  );
  assert.equal(passed(['2001:db8:0:1::1', '2001:db8:0:1:ffff::9', '2001:db8:0:2::1', '192.0.2.1'], 1), 3);
});

it('gives all strangers together ten shares, of which nobody alone takes more than one', () => {
  assert.equal(
    passed(
      many((n) => `2001:db8:${n.toString(16)}::1`),
      2,
    ),
    20,
  );
  assert.equal(
    passed(
      many((n) => `192.0.${n >> 8}.${n & 255}`),
      2,
    ),
    20,
  );
  assert.equal(passed([...many(() => '192.0.2.1'), '192.0.2.2'], 2), 3);
});

interface Opened {
  readonly open: OpenConnections;
  /** Opens one more; those that were closed are told by number. */
  add(address: string): Held & { close(): void };
  readonly closed: number[];
}

function opened(most: number): Opened {
  const closed: number[] = [];
  const open = new OpenConnections(most);
  let count = 0;
  const add = (address: string): Held & { close(): void } => {
    const number = count++;
    const socket = new EventEmitter();
    const destroy = (): void => void closed.push(number);
    const held = open.add(address, Object.assign(socket, { destroy }) as unknown as Socket);
    return { ...held, close: () => void socket.emit('close') };
  };
  return { open, add, closed };
}

it('closes the oldest stranger of an address for one that comes, and never one that has shown a token', () => {
  const { add, closed } = opened(2);
  const first = add('192.0.2.1');
  first.known();
  add('192.0.2.1');
  const third = add('192.0.2.1');
  add('192.0.2.2');
  assert.deepEqual(closed, []);
  add('192.0.2.1');
  assert.deepEqual(closed, [1]);
  third.close();
  add('192.0.2.1');
  assert.deepEqual(closed, [1]);
  for (let n = 0; n < 100; n++) add('192.0.2.1');
  assert.equal(closed.length, 101);
  assert.ok(closed.every((number) => number > 0));
});

it('bounds those that have shown a token, too: beyond, they give way after all other strangers', () => {
  const { add, closed } = opened(2);
  for (let n = 0; n < 2; n++) add('192.0.2.1').known();
  const beyond = add('192.0.2.1');
  add('192.0.2.1');
  beyond.known();
  add('192.0.2.1');
  assert.deepEqual(closed, [3]);
  add('192.0.2.1');
  assert.deepEqual(closed, [3, 2]);
});

it('takes one that is released for nobody’s, and forgets what is closed', () => {
  const { add, closed } = opened(1);
  const first = add('192.0.2.1');
  first.release();
  first.known();
  add('192.0.2.1').known();
  add('192.0.2.1').close();
  add('192.0.2.1');
  assert.deepEqual(closed, []);
});

it('counts connections without an address together, and those of one IPv6 network up to four shares', () => {
  const left = (addresses: readonly string[]): number => {
    const { add, closed } = opened(2);
    for (const address of addresses) add(address);
    return addresses.length - closed.length;
  };
  assert.equal(left(['', '', '']), 2);
  assert.equal(left(many((n) => `2001:db8:0:1::${n.toString(16)}`)), 2);
  assert.equal(left(many((n) => `2001:db8:0:${n.toString(16)}::1`)), 8);
  assert.equal(left([...many((n) => `2001:db8:0:${n.toString(16)}::1`), '2001:db8:1::1']), 9);
});

it('takes an attempt before it is made, and gives it back to each share when it was good', () => {
  const throttle = openThrottle({ strangers: { burst: 2, perSecond: 0.25 }, connectionsPerAddress: 1 }, () => 0);
  for (let n = 0; n < 1000; n++) throttle.attempt(`2001:db8:0:${n.toString(16)}::1`)();
  for (let n = 0; n < 1000; n++) throttle.attempt('192.0.2.1')();
  const first = throttle.attempt('192.0.2.1');
  throttle.attempt('192.0.2.1');
  assert.throws(() => throttle.attempt('192.0.2.1'), { code: 'Throttled', retryAfter: 4 });
  first();
  throttle.attempt('192.0.2.1');
});

it('keeps refusals, attempts and beginnings apart: whoever uses up one of them leaves the others', () => {
  const open = () => openThrottle({ strangers: { burst: 1, perSecond: 1 }, connectionsPerAddress: 1 }, () => 0);
  const acts = ['stranger', 'attempt', 'beginning'] as const;
  for (const used of acts) {
    const throttle = open();
    const useUp = (): void => {
      for (let n = 0; n < 1000; n++) throttle[used]('192.0.2.1');
    };
    assert.throws(useUp, { code: 'Throttled' });
    for (const other of acts) if (other !== used) throttle[other]('192.0.2.1');
  }
});

it('lets all together begin ten times what one address may, however large the configured share is', () => {
  const throttle = openThrottle({ strangers: { burst: 1e6, perSecond: 1e6 }, connectionsPerAddress: 1 }, () => 0);
  const begins = (address: string): boolean => {
    try {
      throttle.beginning(address);
      return true;
    } catch {
      return false;
    }
  };
  assert.equal(many(() => '192.0.2.1').filter(begins).length, BEGINNINGS.burst);
  const crowd = many((n) => `198.51.${n >> 8}.${n & 255}`).filter(begins).length;
  assert.equal(crowd, (EVERYBODY - 1) * BEGINNINGS.burst);
});

it('leaves principals alone where no limit is set', () => {
  const throttle = openThrottle({ strangers: { burst: 1, perSecond: 1 }, connectionsPerAddress: 1 }, () => 0);
  for (let n = 0; n < 1000; n++) throttle.principal('alice');
});

it('records the first of a span, and says how many were counted only', () => {
  let now = 0;
  const tally = new ThrottledTally(() => now);
  assert.deepEqual(
    [tally.count('a'), tally.count('a'), tally.count('a'), tally.count('b')],
    [0, undefined, undefined, 0],
  );
  now = 10;
  assert.deepEqual([tally.count('a'), tally.count('b')], [2, 0]);
  // Nobody gets more entries by having many addresses.
  assert.deepEqual([tally.count('2001:db8:0:1::1'), tally.count('2001:db8:0:1::2')], [0, undefined]);
});

it('a crowd that is throttled shares the entries of one', () => {
  let now = 0;
  const tally = new ThrottledTally(() => now);
  const told = (from: number): readonly number[] =>
    Array.from({ length: 1000 }, (_, n) => tally.count(`192.0.2.${from + n}`)).filter((each) => each !== undefined);
  assert.deepEqual(
    told(0),
    Array.from({ length: 101 }, () => 0),
  );
  now = 9;
  assert.deepEqual(told(1000), []);
  now = 10;
  const later = told(2000);
  assert.equal(later.length, 101);
  assert.equal(
    later.reduce((sum, each) => sum + each, 0),
    899 + 1000,
    'none is lost',
  );
});
