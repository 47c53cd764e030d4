import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trustedFor } from './issuer-keys.ts';
import type { TrustedIssuer } from './trusted-issuers.ts';

const guids: TrustedIssuer = {
  issuers: ['https://sts.example/'],
  audiences: ['hsm'],
  armAudiences: ['arm'],
  jwksUri: 'https://sts.example/keys',
};
const derived: TrustedIssuer = {
  issuers: ['https://id.example/'],
  audiences: ['hsm'],
  jwksUri: 'https://id.example/keys',
  claims: { objectId: 'sub', ids: 'derived' },
};

test('an issuer whose ids are made is minded also where its own tokens are not taken', () => {
  const [own, ...others] = trustedFor([guids, derived], ({ armAudiences = [] }) => armAudiences);
  assert.deepEqual(own?.issuers, guids.issuers);
  assert.equal(others.length, 0);
  assert.equal(own.besideDerived, true);
  assert.equal(trustedFor([guids], ({ audiences }) => audiences)[0]?.besideDerived, undefined);
});
