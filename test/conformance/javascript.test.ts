// The stock JavaScript SDK, unconfigured: keys of every type and every algorithm. Unlike the other SDKs it leaves all
// that a symmetric key does to the service.
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { testChecks } from './checks.ts';
import { type Ended, runIn } from './run-in.ts';

describe('the stock JavaScript SDK', () => {
  let product: RunningProduct;
  let ended: Ended;
  before(async () => {
    product = await startProduct();
    const env = await product.environment();
    ended = await runIn({ cwd: product.data, env }, process.execPath, join(import.meta.dirname, 'clients/keys.ts'));
  });
  after(() => product[Symbol.asyncDispose]());

  testChecks(
    [
      'creates keys of every type',
      'gets, updates and refuses keys',
      'lists keys and versions over pages',
      'encrypts and wraps with RSA',
      'signs and verifies with RSA',
      'signs and verifies with every curve',
      'encrypts with AES in all three modes',
      'wraps with AES key wrap',
      'authenticates messages with HMAC',
    ],
    () => ended,
  );
});
