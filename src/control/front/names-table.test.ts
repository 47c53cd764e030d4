import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { NameForm } from '../../http/name-form.ts';
import { NamesTable } from './names-table.ts';

const form: NameForm = {
  name: 'Test',
  arm: 'https://arm.example:8443',
  login: 'https://login.example:8443',
  graph: 'https://graph.example:8443',
  loginAliases: ['sts.example'],
  instanceSuffix: '.hsm.example:8443',
  vaultSuffix: '.vault.example:8443',
  storageSuffix: 'blob.example:8443',
  audiences: { arm: [], graph: [], instances: [], vaults: [] },
  loginEndpoint: 'https://login.example:8443/adfs',
};

test('names lead to the control process or to their instance, in any case of letters', () => {
  const names = new NamesTable([form], () => 1000);
  names.setInstance('Dev', 2000);
  for (const host of ['arm.example', 'LOGIN.example', 'graph.example', 'sts.example']) {
    assert.deepEqual(names.resolve(host), { kind: 'serving', port: 1000 }, host);
  }
  assert.deepEqual(names.resolve('dev.HSM.example'), { kind: 'serving', port: 2000, instance: 'dev' });
  names.setInstance('dev', 0);
  assert.deepEqual(names.resolve('dev.hsm.example'), { kind: 'down' });
  names.setInstance('DEV', undefined);
  assert.deepEqual(names.resolve('dev.hsm.example'), { kind: 'unknown', instance: 'dev' });
});

test('an alias leads to its instance under every suffix, is down while that is not known, and is never a name of another', () => {
  const names = new NamesTable([form], () => 1000);
  names.setInstance('Dev', 2000);
  names.setInstance('west', 3000);
  names.setAliases(
    new Map([
      ['payments', 'Dev'],
      ['moving', ''],
      ['west', 'Dev'],
    ]),
  );
  assert.deepEqual(names.resolve('Payments.hsm.example'), { kind: 'serving', port: 2000, instance: 'dev' });
  assert.deepEqual(names.resolve('moving.hsm.example'), { kind: 'down' });
  assert.deepEqual(
    names.resolve('west.hsm.example'),
    { kind: 'serving', port: 3000, instance: 'west' },
    'its own name',
  );
  names.setAliases(new Map([['payments', 'west']]));
  assert.deepEqual(names.resolve('payments.hsm.example'), { kind: 'serving', port: 3000, instance: 'west' });
  names.setAliases(new Map());
  assert.equal(names.resolve('payments.hsm.example').kind, 'unknown');
});

test('under a suffix of ours it says which instance is unknown', () => {
  const names = new NamesTable([form], () => 1000);
  assert.deepEqual(names.resolve('NoSuch.hsm.example'), { kind: 'unknown', instance: 'nosuch' });
  assert.deepEqual(names.resolve('example.org'), { kind: 'unknown' });
});

test('every other name is unknown', () => {
  const names = new NamesTable([form], () => 1000);
  names.setInstance('dev', 2000);
  for (const host of [
    'x.dev.hsm.example',
    'dev.hsm.example.evil.test',
    'hsm.example',
    '.hsm.example',
    'devxhsm.example',
    '',
  ]) {
    assert.equal(names.resolve(host).kind, 'unknown', host);
  }
  fc.assert(
    fc.property(fc.domain(), (host) => {
      fc.pre(!host.endsWith('.example'));
      assert.equal(names.resolve(host).kind, 'unknown');
    }),
  );
});
