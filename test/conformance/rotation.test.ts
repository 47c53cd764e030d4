// Rotation and random bytes with stock clients against the product as shipped: az, JavaScript and Python set policies and
// rotate, and a clock that is moved does it without them.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CHECKOUT, cleanEnvironment, type RunningProduct, startProduct } from '../support/running-product.ts';
import { PYTHON, skipUnless } from '../system-programs.ts';
import { testChecks } from './checks.ts';
import { type Ended, runIn } from './run-in.ts';

type Json = Record<string, never> & { readonly [name: string]: Json } & readonly Json[] & string;

let product: RunningProduct;
let env: Readonly<Record<string, string>>;
before(async () => {
  product = await startProduct();
  env = await product.environment();
});
after(() => product[Symbol.asyncDispose]());
const client = (name: string): string => join(import.meta.dirname, 'clients', name);

describe('rotation with the stock JavaScript SDK', () => {
  let ended: Ended;
  before(async () => {
    ended = await runIn({ cwd: product.data, env }, process.execPath, client('rotation.ts'));
  });
  testChecks(
    [
      'finds no policy, and is refused a rotation',
      'sets and gets a policy',
      'is refused a policy that rotates too soon',
      'rotates, and signs with the new version',
      'clears a policy',
      'draws random bytes',
    ],
    () => ended,
  );
});

describe('rotation with the stock Python SDK', { skip: skipUnless('python-azure') }, () => {
  let ended: Ended;
  before(async () => {
    const environment = { ...env, PYTHONDONTWRITEBYTECODE: '1' };
    ended = await runIn({ cwd: product.data, env: environment }, PYTHON, client('rotation.py'));
  });
  testChecks(['sets policies', 'rotates', 'draws random bytes'], () => ended);
});

describe('rotation with az, unconfigured', { skip: skipUnless('az') }, () => {
  const az = (line: string, ...values: readonly string[]): Promise<Ended> =>
    runIn({ cwd: product.data, env }, 'az', ...line.split(' '), ...values);
  const json = async (line: string, ...values: readonly string[]): Promise<Json> => {
    const { code, stdout, stderr } = await az(line, ...values, '--output', 'json');
    assert.equal(code, 0, `az ${line}: ${stderr}`);
    return JSON.parse(stdout) as Json;
  };
  const one = '--hsm-name dev --name az-rotation';
  before(async () => {
    const { AZURE_CLIENT_ID: id = '', AZURE_CLIENT_SECRET: secret = '', AZURE_TENANT_ID: tenant = '' } = env;
    const login = await az('login --service-principal -u', id, '-p', secret, '--tenant', tenant);
    assert.equal(login.code, 0, login.stderr);
    await json(`keyvault key create ${one} --kty EC-HSM --curve P-384 --tags owner=payments`);
  });

  test('a policy from a file is set and shown, in both spellings that az takes', async () => {
    const early = await az(`keyvault key rotate ${one}`);
    assert.notEqual(early.code, 0);
    assert.match(early.stderr, /has no rotation policy/);
    const file = join(product.data, 'policy.json');
    const camel = {
      lifetimeActions: [
        { trigger: { timeAfterCreate: 'P18M', timeBeforeExpiry: null }, action: { type: 'Rotate' } },
        { trigger: { timeBeforeExpiry: 'P30D' }, action: { type: 'Notify' } },
      ],
      attributes: { expiryTime: 'P2Y' },
    };
    const snake = {
      lifetime_actions: [{ trigger: { time_after_create: 'P45D' }, action: { type: 'rotate' } }],
      attributes: { expiry_time: 'P90D' },
    };
    for (const [policy, time, expiry] of [
      [camel, 'P18M', 'P2Y'],
      [snake, 'P45D', 'P90D'],
    ] as const) {
      await writeFile(file, JSON.stringify(policy));
      await json(`keyvault key rotation-policy update ${one} --value ${file}`);
      const shown = await json(`keyvault key rotation-policy show ${one}`);
      const text = JSON.stringify(shown);
      assert.match(shown['id'] ?? '', /^keys\/az-rotation\/rotationpolicy$/);
      assert.equal(shown['expiresIn'], expiry, text);
      const [action] = shown['lifetimeActions'] ?? [];
      assert.equal(action?.['timeAfterCreate'], time, text);
      assert.equal(String(action?.['action']).toLowerCase(), 'rotate', text);
    }
    await writeFile(file, JSON.stringify({ ...camel, attributes: { expiryTime: 'P20D' } }));
    const soon = await az(`keyvault key rotation-policy update ${one} --value ${file}`);
    assert.notEqual(soon.code, 0);
    assert.match(soon.stderr, /attributes\.expiryTime/);
  });

  test('a key is rotated on demand', async () => {
    const before = await json(`keyvault key show ${one}`);
    const after = await json(`keyvault key rotate ${one}`);
    assert.notEqual(after['key']?.['kid'], before['key']?.['kid']);
    assert.deepEqual([after['key']?.['crv'], after['tags']], ['P-384', { owner: 'payments' }]);
    assert.equal((await json(`keyvault key list-versions ${one}`)).length, 2);
  });

  test('a key is rotated by itself when the clock has moved', async () => {
    const moved = await runIn(
      { cwd: product.data, env: cleanEnvironment() },
      join(CHECKOUT, 'strongroom'),
      ...['clock', 'advance', '46d', '--data', product.data],
    );
    assert.equal(moved.code, 0, moved.stderr);
    // Each look starts az, which takes longer than the rotation.
    let versions = 0;
    for (let looks = 0; looks < 10 && versions !== 3; looks++) {
      versions = (await json(`keyvault key list-versions ${one}`)).length;
    }
    assert.equal(versions, 3);
  });

  test('random bytes are drawn', async () => {
    const drawn = await json('keyvault key random --hsm-name dev --count 32');
    assert.equal(Buffer.from(String(drawn['value'] ?? drawn), 'base64').length, 32, JSON.stringify(drawn));
    const many = await az('keyvault key random --hsm-name dev --count 129');
    assert.notEqual(many.code, 0);
  });
});
