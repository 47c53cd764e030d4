// Programs in Go that keep their keys here, each in its newest release and as it is.
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { testChecks } from '../conformance/checks.ts';
import { dataPlaneToken, instanceClient } from '../support/instance-client.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { skipUnless } from '../system-programs.ts';
import { clientsFolder } from './folder.ts';
import { clientsOf } from './manifest.ts';
import { type Made, runClient } from './run-client.ts';

const REFUSED = 'is refused once its roles are gone';
const AZKEYS = [
  'creates keys',
  'wraps and unwraps',
  'signs',
  'encrypts with AES',
  'updates and lists',
  'keeps a rotation policy',
  'rotates, and an old version opens what it wrapped',
  'gives random bytes',
  'backs up and restores',
  'deletes, recovers and purges',
  REFUSED,
];
const CHECKS: Readonly<Record<string, readonly string[]>> = {
  azkeys: AZKEYS,
  'azkeys-preview': AZKEYS,
  sigstore: [
    'makes the key of cosign generate-key-pair',
    'signs and verifies',
    'verifies with the public key alone',
    'after rotation an old signature verifies under its version only',
    REFUSED,
  ],
  smallstep: [
    'creates an EC key',
    'creates an RSA key',
    'signs a root certificate',
    'signs with RSA',
    'after rotation the version in the name signs on for the old root',
    REFUSED,
  ],
  hashicorp: [
    'finds its key',
    'seals and opens',
    'after rotation old envelopes open, new ones have the new version',
    REFUSED,
    'does not start without a role',
  ],
  sops: [
    'finds the version of its key',
    'encrypts and decrypts a data key',
    'after rotation an old file opens, a new one has the new version',
    REFUSED,
  ],
};

describe('clients in Go', { skip: skipUnless('clients in Go') }, () => {
  let product: RunningProduct;
  before(async () => {
    product = await startProduct();
    // smallstep knows names of vaults only.
    using administrator = instanceClient(product, await dataPlaneToken(product, await product.environment()));
    const { status, text } = await administrator.ask('PATCH', '/settings/StrongroomVaultAlias', { value: 'true' });
    if (status !== 200) throw new Error(text);
  });
  after(() => product[Symbol.asyncDispose]());

  for (const client of clientsOf('go')) {
    describe(client.name, () => {
      let made: Made;
      before(async () => {
        made = await runClient(product, client, [join(clientsFolder(), 'go/bin', client.program)]);
      });
      testChecks(CHECKS[client.program] ?? [], () => made);
    });
  }
});
