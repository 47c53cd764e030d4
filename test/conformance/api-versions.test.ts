// One life of keys with the stock JavaScript SDK, for every stable api-version that it can be told. What each version has
// is written out in the client, apart from the rows of the product, so that a row that moves is noticed.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { apiVersions } from '../../src/wire/api-version.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { testChecks } from './checks.ts';
import { type Ended, runIn } from './run-in.ts';

const VERSIONS = ['2016-10-01', '7.0', '7.1', '7.2', '7.3', '7.4', '7.5', '7.6', '2025-07-01', '2026-04-01'];
const CHECKS = [
  'creates and imports',
  'gets, lists and updates',
  'encrypts and wraps',
  'signs and verifies',
  'authenticates messages since 7.6',
  'draws random bytes and rotates since 7.3',
  'releases since 7.3',
  'attests since 7.6',
  'backs up, deletes, recovers, purges and restores',
  'was sent, and no other',
];

describe('every api-version, with the stock JavaScript SDK', () => {
  let product: RunningProduct;
  let ended: Ended;
  before(async () => {
    product = await startProduct();
    const env = await product.environment();
    const client = join(import.meta.dirname, 'clients/api-versions.ts');
    ended = await runIn({ cwd: product.data, env }, process.execPath, client, ...VERSIONS);
  });
  after(() => product[Symbol.asyncDispose]());

  test('no stable version of the service is left out', () => {
    const stable = apiVersions.filter(({ kind }) => kind !== 'preview').map(({ version }) => version);
    assert.deepEqual(VERSIONS, stable);
  });

  testChecks(
    VERSIONS.flatMap((version) => CHECKS.map((check) => `${version}: ${check}`)),
    () => ended,
  );
});
