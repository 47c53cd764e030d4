// The page of each stack, followed as it stands: the lines to paste and the programs, with the newest packages of the
// registries, which these shells reach by what the pages let through.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { skipUnless } from '../system-programs.ts';
import { follow, unlessReached } from './follow.ts';

const away = {
  python: skipUnless('python3') || (await unlessReached('pypi.org', 'files.pythonhosted.org')),
  javascript: await unlessReached('registry.npmjs.org'),
  go: skipUnless('go') || (await unlessReached('proxy.golang.org')),
  java: skipUnless('java', 'mvn') || (await unlessReached('repo.maven.apache.org')),
};

describe('the pages of the stacks, followed', () => {
  let product: RunningProduct;
  before(async () => {
    product = await startProduct();
  });
  after(() => product[Symbol.asyncDispose]());

  const prints = async (page: string, ...expected: readonly RegExp[]): Promise<void> => {
    const { code, at, stdout, stderr } = await follow(`docs/guide/${page}`, { product, home: process.env['HOME'] });
    assert.equal(code, 0, `${at}\n${stdout}\n${stderr}`);
    for (const each of expected) assert.match(stdout, each);
  };

  test('az', { skip: skipUnless('az') }, () =>
    prints(
      'az.md',
      /^a secret$/m,
      /\saz-kek$/m,
      new RegExp(`^https://dev\\.managedhsm\\.localhost:${product.state.port}/keys/az-kek/[0-9a-f]{32}$`, 'm'),
    ),
  );

  test('Python', { skip: away.python }, () =>
    prints('python.md', /^unwrapped: True$/m, /^verified: True$/m, /roleDefinitions\/[0-9a-f-]{36} [0-9a-f-]{36}$/m),
  );

  test('JavaScript', { skip: away.javascript }, () =>
    prints('javascript.md', /^unwrapped: true$/m, /^verified: true$/m),
  );

  test('Go', { skip: away.go }, () =>
    prints('go.md', /^unwrapped: true$/m, /^https:\/\/dev\.managedhsm\.azure\.net\/keys\/go-kek$/m),
  );

  test('Java', { skip: away.java }, () =>
    prints('java.md', /^unwrapped: true$/m, /^verified: true$/m, /^[A-Za-z]+: (true|false)$/m),
  );
});
