import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NameForm } from '../../../http/name-form.ts';
import type { InstanceStatus } from '../../../links/instance-host.ts';
import type { ManagedHsm, Resources } from '../resources.ts';
import { describeHsm } from './describe-hsm.ts';

test('one that is locked, stopped or down is not said to be ready; what the resource manager has no word for is Unknown, with the reason', () => {
  const resources = {
    subscriptionId: 's',
    tenantId: 't',
    privateEndpoints: [],
    connections: [],
  } as unknown as Resources;
  const hsm = {
    name: 'dev',
    state: 'Succeeded',
    networkAcls: { bypass: 'None', defaultAction: 'Allow', ipRules: [], virtualNetworkRules: [] },
    resourceGroup: 'g',
    connections: [],
    identities: [],
  } as unknown as ManagedHsm;
  const names = { instanceSuffix: '.managedhsm.azure.net', port: 443 } as unknown as NameForm;
  let statusMessage: unknown;
  const shown = (status: InstanceStatus | undefined): unknown => {
    const { properties } = describeHsm(resources, hsm, names, status) as { properties: Record<string, unknown> };
    statusMessage = properties['statusMessage'];
    return properties['securityDomainProperties'];
  };
  assert.deepEqual(shown({ port: 1, activation: 'Locked', message: 'Locked: why' }), {
    activationStatus: 'Unknown',
    activationStatusMessage: 'Locked: why',
  });
  assert.equal(statusMessage, 'Locked: why');
  assert.deepEqual(shown({ port: 0, activation: 'Stopped', message: 'Stopped: how to start' }), {
    activationStatus: 'Unknown',
    activationStatusMessage: 'Stopped: how to start',
  });
  assert.equal(statusMessage, 'Stopped: how to start');
  shown({ port: 0, activation: 'Failed', message: 'the store was altered' });
  assert.equal(statusMessage, 'The Managed HSM does not serve: the store was altered');
  for (const idle of [undefined, { port: 0, activation: 'Active', message: 'as it was before' } as const]) {
    shown(idle);
    assert.equal(statusMessage, 'The Managed HSM does not serve at the moment.');
  }
  shown({ port: 1, activation: 'NotActivated', message: '' });
  assert.match(String(statusMessage), /ready to use/);
  assert.equal(
    (shown({ port: 1, activation: 'Active', message: '' }) as { activationStatus: string }).activationStatus,
    'Active',
  );
});

test('what there is none of is absent as in the public cloud, and lists without entries are empty', () => {
  const resources = { subscriptionId: 's', tenantId: 't' } as unknown as Resources;
  const networkAcls = { bypass: 'None', defaultAction: 'Allow', ipRules: [], virtualNetworkRules: [] };
  const hsm = {
    name: 'dev',
    state: 'Succeeded',
    networkAcls,
    connections: [],
    identities: [],
  } as unknown as ManagedHsm;
  const names = { instanceSuffix: '.managedhsm.azure.net', port: 443 } as unknown as NameForm;
  const { properties } = describeHsm(resources, hsm, names, undefined) as { properties: Record<string, unknown> };
  assert.equal('privateEndpointConnections' in properties, false);
  assert.deepEqual(properties['networkAcls'], networkAcls);
  assert.deepEqual(properties['regions'], []);
});
