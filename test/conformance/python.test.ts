// The stock Python SDK, unconfigured: keys of every type, every algorithm that it sends to the service, local roles.
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { PYTHON, skipUnless } from '../system-programs.ts';
import { testChecks } from './checks.ts';
import { type Ended, runIn } from './run-in.ts';

describe('the stock Python SDK', { skip: skipUnless('python-azure') }, () => {
  let product: RunningProduct;
  let ended: Ended;
  before(async () => {
    product = await startProduct();
    const env = {
      ...(await product.environment()),
      CUSTODIANS: join(product.data, 'custodians-development-only'),
      PYTHONDONTWRITEBYTECODE: '1',
    };
    ended = await runIn({ cwd: product.data, env }, PYTHON, join(import.meta.dirname, 'clients/keys.py'));
  });
  after(() => product[Symbol.asyncDispose]());

  testChecks(
    [
      'creates rsa',
      'creates ec',
      'creates oct',
      'gets',
      'misses',
      'lists',
      'lists versions',
      'updates',
      'keeps validity',
      'refuses bad keys',
      'refuses external keys',
      'signs rsa',
      'signs ec',
      'decrypts rsa',
      'seals with gcm',
      'encrypts with cbc',
      'lists definitions',
      'refuses stranger',
      'makes definition',
      'assigns',
      'operates remotely',
      'revokes',
      'deletes definition',
      'shares the domain again',
    ],
    () => ended,
  );
});
