import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conflictsIn, doubtsIn } from './config-conflicts.ts';
import { type ProductionConfig, readProductionShape } from './production-config.ts';

type Json = Record<string, unknown>;
const TENANT = '7f3c2a10-5b1d-4c55-9d1b-0a4f5f3a9c01';
const OTHER = '0a0a0a0a-0000-4000-8000-000000000000';
const pair = { certificate: '/c.pem', key: '/k.pem' };
const ISSUER = {
  issuers: [`https://login.example.org/${TENANT}/v2.0`],
  audiences: ['https://hsm.example.org'],
  armAudiences: ['https://arm.example.org'],
  discovery: 'https://login.example.org/d',
};
const NAMES = {
  instances: 'hsm.example.org',
  resourceManager: 'arm.example.org',
  graph: 'graph.example.org',
  authorization: `https://login.example.org/${TENANT}`,
};

function configOf(change: Json): ProductionConfig {
  const sound = {
    tenantId: TENANT,
    names: NAMES,
    listen: { address: '10.20.0.5', port: 443 },
    tls: { instances: pair, resourceManager: pair },
    issuers: [ISSUER],
    subscription: { id: OTHER, name: 'Example', owners: [{ id: OTHER, type: 'User' }] },
    seal: { kind: 'people' },
  };
  return readProductionShape({ ...sound, ...change }, 'config');
}

const listener = { instance: 'fin', connection: 'vnet', address: '10.20.0.5', port: 8443 };
const sound: readonly Json[] = [
  {},
  { issuers: [{ ...ISSUER, audiences: [OTHER, 'https://hsm.example.org/'] }] },
  {
    names: { ...NAMES, resource: 'https://example.org' },
    issuers: [{ ...ISSUER, audiences: ['https://example.org'] }],
  },
  {
    listen: { address: '::1', port: 8443 },
    privateListeners: [listener],
    issuers: [
      { ...ISSUER, audiences: ['https://hsm.example.org:8443'], armAudiences: ['https://arm.example.org:8443'] },
    ],
  },
  { health: { port: 0 } },
  { health: { address: '::1', port: 9464 } },
  { health: { address: '10.20.0.5', port: 9464, tls: { ...pair, clientAuthorities: '/ca.pem' } } },
  { health: { address: '0.0.0.0', port: 9464 }, acknowledge: ['open-health'] },
  { names: { ...NAMES, authorization: 'https://login.example.org/adfs' } },
  {
    names: { ...NAMES, authorization: `https://login.example.org/${OTHER}` },
    issuers: [{ ...ISSUER, claims: { tenant: null } }],
  },
  { names: { ...NAMES, authorization: `https://arm.example.org:9443/${TENANT}` } },
];

test('what goes together is not refused, and is in no doubt', () => {
  for (const change of sound) {
    const config = configOf(change);
    assert.deepEqual([conflictsIn(config), doubtsIn(config)], [[], []], JSON.stringify(change));
  }
});

const refused: readonly (readonly [Json, RegExp])[] = [
  [
    { issuers: [{ ...ISSUER, audiences: [OTHER] }] },
    /^issuers: none has https:\/\/hsm\.example\.org among "audiences".* Add it/,
  ],
  [{ listen: { address: '::', port: 8443 } }, /^issuers: none has https:\/\/hsm\.example\.org:8443 among "audiences"/],
  [
    { issuers: [{ ...ISSUER, audiences: ['https://hsm.example.org', 'https://arm.example.org'] }] },
    /^issuers\[0\] has https:\/\/arm\.example\.org among "audiences" and "armAudiences"/,
  ],
  [
    { names: { ...NAMES, authorization: `https://login.example.org/${OTHER}` } },
    /^names\.authorization sends clients to the tenant 0a0a.* Set both/,
  ],
  [
    { names: { ...NAMES, authorization: `https://arm.example.org/${TENANT}` } },
    /^names\.authorization is at arm\.example\.org, a name of this service/,
  ],
  [
    { issuers: [{ ...ISSUER, discovery: 'https://graph.example.org/d' }] },
    /^issuers\[0\]\.discovery is at graph\.example\.org/,
  ],
  [
    { privateListeners: [{ ...listener, port: 443 }] },
    /^privateListeners\[0\]\.port is 443, which listen takes already at 10/,
  ],
  [
    { privateListeners: [{ ...listener, address: '0.0.0.0' }, listener] },
    /^privateListeners\[1\]\.port is 8443, which privateListeners\[0\] takes already at 0/,
  ],
  [{ privateListeners: [{ ...listener, address: '::', port: 443 }] }, /^privateListeners\[0\]\.port is 443/],
  [{ health: { address: '10.20.0.6', port: 9464 } }, /^health\.address is 10\.20\.0\.6: whoever.*add "open-health"/],
  [{ health: { address: '::', port: 9464, tls: pair } }, /^health\.address is ::: whoever.*"clientAuthorities"/],
  [
    { listen: { address: '0.0.0.0', port: 443 }, health: { port: 443 } },
    /^health\.port is 443, which listen takes already at 0/,
  ],
];

test('what cannot be meant is refused, once, with the member and the way out', () => {
  for (const [change, expected] of refused) {
    const found = conflictsIn(configOf(change));
    assert.equal(found.length, 1, found.join('\n'));
    assert.match(found[0] ?? '', expected);
  }
});

const doubted: readonly (readonly [Json, RegExp])[] = [
  [
    {
      names: { ...NAMES, resource: 'https://hsm.example.org:9443' },
      issuers: [{ ...ISSUER, audiences: ['https://hsm.example.org:9443'] }],
    },
    /^names\.resource is .*:9443, and clients come to port 443/,
  ],
  [
    { issuers: [{ ...ISSUER, armAudiences: [OTHER] }] },
    /^issuers: none has https:\/\/arm\.example\.org among "armAudiences": az asks for 0a0a/,
  ],
  [
    { issuers: [{ ...ISSUER, issuers: [`https://login.example.org/${OTHER}/v2.0`] }] },
    /^issuers\[0\]\.issuers names the tenant 0a0a/,
  ],
];

test('what may be meant is told, and not refused', () => {
  for (const [change, expected] of doubted) {
    const config = configOf(change);
    assert.deepEqual(conflictsIn(config), []);
    const found = doubtsIn(config);
    assert.equal(found.length, 1, found.join('\n'));
    assert.match(found[0] ?? '', expected);
  }
});
