import assert from 'node:assert/strict';
import { test } from 'node:test';
import { devSurroundings } from './dev-surroundings.ts';
import { localNames } from './name-forms.ts';

test('instances take tokens for *.localhost with the port and without it, and clients are told of the one with the port', () => {
  const { audiences } = localNames(8443);
  const both = ['https://managedhsm.localhost:8443', 'https://managedhsm.localhost'].flatMap((at) => [at, `${at}/`]);
  assert.deepEqual(audiences.instances, both);
  const { hostNames, issuers } = devSurroundings('dev', '11111111-0000-4000-8000-000000000000', 8443, '/ca.pem');
  const local = hostNames.find(({ authority }) => authority === 'dev.managedhsm.localhost:8443');
  assert.equal(local?.resource, 'https://managedhsm.localhost:8443');
  const [issuer] = issuers;
  for (const audience of both) assert.ok(issuer?.audiences.includes(audience), audience);
  assert.ok(issuer?.vaultAudiences?.includes('https://vault.localhost'));
  assert.ok(issuer?.armAudiences?.includes('https://arm.localhost'));
  assert.equal(issuer?.audiences.includes('https://vault.localhost'), false, 'each kind of name takes its own alone');
});

test('instances know their names with the port and without it, and call themselves by those that clients resolve', () => {
  const tenant = '11111111-0000-4000-8000-000000000000';
  const names = (port: number, aliases: readonly string[] = []) =>
    devSurroundings('Dev', tenant, port, '/ca.pem', aliases)
      .hostNames.filter(({ kind = 'hsm' }) => kind === 'hsm')
      .map(({ authority, resource }) => `${authority} ${resource}`);
  assert.deepEqual(names(8443), [
    'dev.managedhsm.azure.net https://managedhsm.azure.net',
    'dev.managedhsm.localhost:8443 https://managedhsm.localhost:8443',
    'dev.managedhsm.azure.net:8443 https://managedhsm.azure.net',
    'dev.managedhsm.localhost https://managedhsm.localhost',
  ]);
  assert.ok(names(8443, ['payments']).includes('payments.managedhsm.azure.net:8443 https://managedhsm.azure.net'));
  assert.equal(names(443).length, 2);
});

test('on port 443 there is one spelling', () => {
  assert.deepEqual(localNames(443).audiences.arm, ['https://arm.localhost', 'https://arm.localhost/']);
});
