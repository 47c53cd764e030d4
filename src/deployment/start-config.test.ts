import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, DEFAULT_PORT, readStartConfig, type StartFlags } from './start-config.ts';

const flags: StartFlags = { 'no-demo': false, profile: 'dev', verbose: false };

function read(own: Partial<StartFlags>, environment: NodeJS.ProcessEnv = {}) {
  return readStartConfig({ ...flags, ...own }, environment, '/checkout');
}

test('without flags the data is in the checkout and the port is the usual one', () => {
  assert.deepEqual(read({}), {
    profile: 'dev',
    dataRoot: '/checkout/data',
    port: DEFAULT_PORT,
    demo: true,
    verbose: false,
  });
});

test('a flag beats the environment, and relative paths are those of the caller', () => {
  assert.equal(read({}, { STRONGROOM_DATA: '/srv/data' }).dataRoot, '/srv/data');
  assert.equal(read({ data: '/other' }, { STRONGROOM_DATA: '/srv/data' }).dataRoot, '/other');
  assert.equal(read({ data: 'here' }).dataRoot, `${process.cwd()}/here`);
  assert.equal(read({ 'ready-file': 'ready.json' }).readyFile, `${process.cwd()}/ready.json`);
});

test('what cannot be meant is refused with what to set', () => {
  for (const port of ['', 'x', '-1', '65536', '8443.5', '0x10', ' 80', '999999']) {
    assert.throws(() => read({ port }), ConfigError, port);
  }
  assert.partialDeepStrictEqual(read({ port: '0', 'health-port': '0' }), { port: 0, healthPort: 0 });
  assert.throws(() => read({ 'health-port': 'x' }), /--health-port must be a number from 0/);
  assert.throws(() => read({}, { STRONGROOM_DATA: '' }), /STRONGROOM_DATA is empty/);
  assert.throws(() => read({ data: '/a\nb' }), /line break/);
  assert.throws(() => read({ profile: 'production' }), /--config FILE/);
  assert.throws(() => read({ profile: 'production', config: '/c.json', port: '1' }), /"listen\.port"/);
  assert.throws(() => read({ profile: 'production', config: '/c.json', 'no-demo': true }), /leave out --no-demo/);
  assert.throws(() => read({ profile: 'test' }), /must be 'dev' or 'production'/);
});
