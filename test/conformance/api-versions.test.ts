// One life of keys with the stock SDKs for every stable api-version, and every one that the Python SDK names. What each has
// is written out in the clients, apart from the rows of the product, so that a row that moves is noticed.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { apiVersions } from '../../src/http/api-version.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { PYTHON, skipUnless } from '../system-programs.ts';
import { testChecks } from './checks.ts';
import { type Ended, runIn } from './run-in.ts';

const VERSIONS = ['2016-10-01', '7.0', '7.1', '7.2', '7.3', '7.4', '7.5', '7.6', '2025-07-01', '2026-04-01'];
const CHECKS = [
  'creates and imports',
  'gets, lists and updates',
  'encrypts and wraps',
  'signs and verifies',
  'authenticates messages since 7.6',
  'draws random bytes, and rotates since 7.3',
  'releases since 7.3',
  'attests since 7.6',
  'backs up, deletes, recovers, purges and restores',
  'was sent, and no other',
];

/** Those that the installed Python SDK names: a new one is tried the day it is released. */
function pythonVersions(): string[] {
  const script = 'from azure.keyvault.keys import ApiVersion; print(*[known.value for known in ApiVersion])';
  return execFileSync(PYTHON, ['-c', script], { encoding: 'utf8' }).trim().split(' ');
}
const PYTHON_CHECKS = [
  'creates',
  'gets, lists and updates',
  'uses keys',
  'stands in for keys of the cryptography library',
  'draws random bytes, and rotates and releases since 7.3',
  'attests since 7.6',
  'backs up, deletes, recovers, purges and restores',
  'was sent, and no other',
];
const named = (versions: readonly string[], checks: readonly string[]): string[] =>
  versions.flatMap((version) => checks.map((check) => `${version}: ${check}`));
const client = (name: string): string => join(import.meta.dirname, 'clients', name);

let product: RunningProduct;
let env: Readonly<Record<string, string>>;
before(async () => {
  product = await startProduct();
  env = await product.environment();
});
after(() => product[Symbol.asyncDispose]());

describe('every api-version, with the stock JavaScript SDK', () => {
  let ended: Ended;
  before(async () => {
    ended = await runIn({ cwd: product.data, env }, process.execPath, client('api-versions.ts'), ...VERSIONS);
  });

  test('no stable version of the service is left out', () => {
    const stable = apiVersions.filter(({ kind }) => kind !== 'preview').map(({ version }) => version);
    assert.deepEqual(VERSIONS, stable);
  });

  testChecks(named(VERSIONS, CHECKS), () => ended);
});

const withoutPython = skipUnless('python-azure');
describe('every api-version of the stock Python SDK', { skip: withoutPython }, () => {
  const versions = withoutPython === false ? pythonVersions() : [];
  let ended: Ended;
  before(async () => {
    const environment = { ...env, PYTHONDONTWRITEBYTECODE: '1' };
    ended = await runIn({ cwd: product.data, env: environment }, PYTHON, client('api-versions.py'), ...versions);
  });

  testChecks(named(versions, PYTHON_CHECKS), () => ended);
});
