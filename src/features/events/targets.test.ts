import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventTargets } from './targets.ts';

const readFile = (path: string): string => `certificate of ${path}`;
const open = (origin: string, profile: 'dev' | 'production' = 'dev'): EventTargets =>
  new EventTargets([{ origin }], { profile, readFile });

test('an address below a named origin is allowed, with the authority that goes with it', () => {
  const targets = new EventTargets(
    [{ origin: 'https://hooks.example' }, { origin: 'https://hooks.example:8443', caFile: 'ca.pem' }],
    {
      profile: 'production',
      readFile,
    },
  );
  assert.equal(targets.find('https://hooks.example/a?b=c')?.ca, undefined);
  assert.equal(targets.find('https://HOOKS.example:443/')?.url.origin, 'https://hooks.example');
  assert.equal(targets.find('https://hooks.example:8443/x')?.ca, 'certificate of ca.pem');
  assert.equal(targets.refusal('https://hooks.example/a'), undefined);
  assert.equal(targets.refusal(''), undefined);
});

test('nothing else is: another host, port, scheme, a user name, what only looks alike', () => {
  const targets = open('https://hooks.example');
  for (const address of [
    'https://hooks.example.evil/',
    'https://hooks.example@evil/',
    'https://user@hooks.example/',
    'https://hooks.example:444/',
    'http://hooks.example/',
    'https://evil/https://hooks.example',
    'https://evil\\@hooks.example/',
    'hooks.example',
    '',
  ]) {
    assert.equal(targets.find(address), undefined, address);
  }
  assert.match(targets.refusal('https://evil/') ?? '', /it allows https:\/\/hooks\.example$/);
  assert.match(new EventTargets([], { profile: 'dev', readFile }).refusal('https://evil/') ?? '', /it allows none$/);
});

test('an origin that cannot be one stops the start', () => {
  for (const origin of [
    'https://a/',
    'https://a/path',
    'https://A',
    'a',
    'https://u@a',
    'http://a',
    'ftp://a',
    'https://a:443',
  ]) {
    assert.throws(() => open(origin), /eventTargets/, origin);
  }
  for (const origin of ['http://127.0.0.1:1', 'http://[::1]:1', 'http://localhost:1']) {
    assert.doesNotThrow(() => open(origin));
    assert.throws(() => open(origin, 'production'), /eventTargets/);
  }
});
