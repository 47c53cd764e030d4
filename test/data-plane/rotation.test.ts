// Rotation over raw HTTPS: policies and their rules, rotation on demand and by the calendar, and what stays with the older
// versions.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { readEntries } from '../support/audit-entries.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const DAY = 86_400;

interface Bundle {
  readonly key: Record<string, unknown> & { readonly kid: string; readonly key_ops: string[] };
  readonly attributes: Record<string, unknown> & { readonly created: number; readonly exp?: number };
  readonly tags?: Record<string, string>;
  readonly release_policy?: unknown;
}
interface Policy {
  readonly id: string;
  readonly lifetimeActions: unknown[];
  readonly attributes: { readonly expiryTime?: string; readonly created?: number; readonly updated?: number };
}
type Ask = (method: string, path: string, body?: unknown, version?: string) => Promise<Reply>;

const askAs =
  (instance: RunningInstance, token: string): Ask =>
  (method, path, body, version = '7.6') =>
    instance.ask(method, `${path}${path.includes('?') ? '&' : '?'}api-version=${version}`, {
      token,
      ...(body === undefined ? {} : { body }),
    });

async function userOf(instance: RunningInstance, ...roles: readonly string[]): Promise<Ask> {
  const principal = randomUUID();
  for (const role of roles) await instance.assign(role, principal);
  return askAs(instance, await instance.issuer.token(principal));
}

const action = (type: string, trigger: object): object => ({ action: { type }, trigger });
const rotateAfter = (time: string, expiryTime?: string): object => ({
  lifetimeActions: [action('Rotate', { timeAfterCreate: time })],
  attributes: expiryTime === undefined ? {} : { expiryTime },
});
const ok = <T>(reply: Reply): T => {
  assert.equal(reply.status, 200, reply.text);
  return reply.json as T;
};
const refused = (reply: Reply, status: number, code: string, text: RegExp): void => {
  assert.equal(reply.status, status, reply.text);
  const { error } = reply.json as { error: { code: string; message: string } };
  assert.equal(error.code, code);
  assert.match(error.message, text);
};
const versionsOf = async (ask: Ask, name: string): Promise<string[]> =>
  ok<{ value: { kid: string }[] }>(await ask('GET', `/keys/${name}/versions`)).value.map(({ kid }) => kid);

/** What the instance does by itself it does soon, not at once. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 90_000;
  while (!(await holds())) {
    assert.ok(performance.now() < end, what);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
const untilVersions = (ask: Ask, name: string, count: number): Promise<void> =>
  until(`${name} did not come to ${count} versions`, async () => (await versionsOf(ask, name)).length === count);

/** Attributes of a policy that is not set. */
const NONE = { created: 0, expiryTime: '', updated: 0 };

describe('rotation policies', () => {
  let instance: RunningInstance;
  let ask: Ask;
  before(async () => {
    instance = await startRunningInstance();
    await instance.activate();
    ask = await userOf(instance, 'Managed HSM Crypto User', 'Managed HSM Crypto Officer');
    for (const name of ['plain', 'Ruled', 'expiring'])
      ok(await ask('POST', `/keys/${name}/create`, { kty: 'oct-HSM' }));
    const exp = Math.floor(Date.now() / 1000) + 400 * DAY;
    ok(await ask('PATCH', '/keys/expiring', { attributes: { exp } }));
  });
  after(() => instance[Symbol.asyncDispose]());
  const put = (name: string, policy: unknown): Promise<Reply> => ask('PUT', `/keys/${name}/rotationpolicy`, policy);

  test('a key without one shows an empty one', async () => {
    const shown = ok<Policy>(await ask('GET', '/keys/plain/rotationpolicy'));
    assert.deepEqual(shown, { id: '', attributes: { created: 0, expiryTime: '', updated: 0 } });
    refused(await ask('GET', '/keys/nothing/rotationpolicy'), 404, 'KeyNotFound', /Key not found/);
    refused(await put('nothing', rotateAfter('P30D')), 404, 'KeyNotFound', /Key not found/);
  });

  test('what is set is shown as it was sent, with times; setting it again keeps the first', async () => {
    const before = Date.now() / 1000 - 1;
    const set = ok<Policy>(
      await put('ruled', {
        id: 'not looked at',
        lifetimeActions: [
          action('rotate', { timeAfterCreate: 'P18M', timeBeforeExpiry: null }),
          action('NOTIFY', { timeBeforeExpiry: 'P1M' }),
        ],
        attributes: { expiryTime: 'P2Y', created: 1, updated: 1 },
        unknown: true,
      }),
    );
    const { created, updated, ...attributes } = set.attributes;
    assert.deepEqual(attributes, { expiryTime: 'P2Y' });
    assert.ok(created !== undefined && created >= before && created === updated);
    assert.equal(set.id, 'keys/Ruled/rotationpolicy');
    assert.deepEqual(set.lifetimeActions, [
      action('rotate', { timeAfterCreate: 'P18M' }),
      action('notify', { timeBeforeExpiry: 'P1M' }),
    ]);
    assert.deepEqual(ok(await ask('GET', '/KEYS/RULED/ROTATIONPOLICY')), set);
    const again = ok<Policy>(await put('ruled', rotateAfter('PT672H')));
    assert.equal(again.attributes.created, created);
    assert.deepEqual(again.lifetimeActions, [action('rotate', { timeAfterCreate: 'PT672H' })]);
    assert.equal(again.attributes.expiryTime, undefined);
    await instance.restart();
    assert.deepEqual(ok(await ask('GET', '/keys/ruled/rotationpolicy')), again);
  });

  test('one without actions has none in its answer', async () => {
    const set = ok<Policy>(await put('plain', { attributes: { expiryTime: 'P90D' }, lifetimeActions: [] }));
    assert.deepEqual(Object.keys(set).sort(), ['attributes', 'id']);
    ok(await put('plain', {}));
  });

  test('an empty one clears what was set', async () => {
    for (const empty of [{ lifetimeActions: [], attributes: {} }, {}, { lifetimeActions: null, attributes: null }]) {
      ok(await put('plain', rotateAfter('P60D')));
      const cleared = ok<Policy>(await put('plain', empty));
      assert.deepEqual(cleared, { id: '', attributes: { created: 0, expiryTime: '', updated: 0 } });
      assert.deepEqual(ok(await ask('GET', '/keys/plain/rotationpolicy')), cleared);
    }
  });

  test('what comes too soon or never is refused by its name, and changes nothing', async () => {
    const rotateBefore = (time: string, expiryTime?: string): object => ({
      lifetimeActions: [action('Rotate', { timeBeforeExpiry: time })],
      attributes: expiryTime === undefined ? {} : { expiryTime },
    });
    const notify = (trigger: object, expiryTime = 'P90D'): object => ({
      lifetimeActions: [action('Notify', trigger)],
      attributes: { expiryTime },
    });
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      [{ attributes: { expiryTime: 'P27D' } }, /'attributes\.expiryTime' must be at least 28 days \(P28D\)/],
      [{ attributes: { expiryTime: 'PT671H59M59S' } }, /'attributes\.expiryTime' must be at least 28 days/],
      [{ attributes: { expiryTime: 'P101Y' } }, /'attributes\.expiryTime' must be at most 100 years/],
      [{ attributes: { expiryTime: 'P999999999Y' } }, /'attributes\.expiryTime' must be at most 100 years/],
      [{ attributes: { expiryTime: '90 days' } }, /'attributes\.expiryTime' must be an ISO 8601 duration/],
      [{ attributes: { expiryTime: 'P090D' } }, /'attributes\.expiryTime' must be an ISO 8601 duration/],
      [{ attributes: { expiryTime: 90 } }, /'expiryTime' must be a string/],
      [{ attributes: 'P90D' }, /'attributes' must be an object/],
      [rotateAfter('P27D'), /'lifetimeActions\[0\]\.trigger\.timeAfterCreate' must be at least 28 days \(P28D\)/],
      [rotateAfter('P3W'), /'lifetimeActions\[0\]\.trigger\.timeAfterCreate' must be at least 28 days/],
      [rotateAfter(''), /'lifetimeActions\[0\]\.trigger' must have exactly one of/],
      [rotateBefore('P63D', 'P90D'), /'lifetimeActions\[0\]\.trigger\.timeBeforeExpiry' must leave at least 28 days/],
      [rotateBefore('P2Y', 'P1Y'), /'lifetimeActions\[0\]\.trigger\.timeBeforeExpiry' must leave at least 28 days/],
      [rotateBefore('P30D'), /timeBeforeExpiry' needs attributes\.expiryTime, or a key with exp/],
      [notify({ timeBeforeExpiry: 'P91D' }), /timeBeforeExpiry' must not be longer than attributes\.expiryTime/],
      [notify({ timeAfterCreate: 'P30D' }), /timeAfterCreate' must be left out: Notify takes timeBeforeExpiry only/],
      [notify({}), /'lifetimeActions\[0\]\.trigger' must have exactly one of/],
      [
        notify({ timeAfterCreate: 'P30D', timeBeforeExpiry: 'P30D' }),
        /'lifetimeActions\[0\]\.trigger' must have exactly one/,
      ],
      [{ lifetimeActions: [{ action: { type: 'Rotate' } }] }, /'lifetimeActions\[0\]\.trigger' must have exactly one/],
      [
        { lifetimeActions: [action('Delete', { timeAfterCreate: 'P30D' })] },
        /action\.type' must be 'Rotate' or 'Notify'/,
      ],
      [{ lifetimeActions: [{ trigger: { timeAfterCreate: 'P30D' } }] }, /action\.type' must be 'Rotate' or 'Notify'/],
      [{ lifetimeActions: ['Rotate'] }, /'lifetimeActions\[0\]' must be an object/],
      [{ lifetimeActions: { a: 1 } }, /'lifetimeActions' must be a list/],
      [
        { lifetimeActions: ['P30D', 'P60D'].map((time) => action('Rotate', { timeAfterCreate: time })) },
        /'lifetimeActions' must have at most one action Rotate/,
      ],
      [
        { lifetimeActions: [1, 2, 3].map(() => action('Rotate', { timeAfterCreate: 'P30D' })) },
        /'lifetimeActions' must have at most two actions/,
      ],
    ];
    for (const [policy, text] of wrong) refused(await put('plain', policy), 400, 'BadParameter', text);
    assert.deepEqual(ok<Policy>(await ask('GET', '/keys/plain/rotationpolicy')).attributes, NONE);
  });

  test('the least that is allowed is allowed', async () => {
    const least: readonly (readonly [string, object])[] = [
      ['plain', { attributes: { expiryTime: 'P28D' } }],
      ['plain', { attributes: { expiryTime: 'P1M' } }],
      ['plain', rotateAfter('P4W')],
      [
        'plain',
        { lifetimeActions: [action('Rotate', { timeBeforeExpiry: 'P62D' })], attributes: { expiryTime: 'P90D' } },
      ],
      [
        'plain',
        { lifetimeActions: [action('Notify', { timeBeforeExpiry: 'P28D' })], attributes: { expiryTime: 'P28D' } },
      ],
      ['expiring', { lifetimeActions: [action('Rotate', { timeBeforeExpiry: 'P30D' })] }],
      ['plain', {}],
    ];
    for (const [name, policy] of least) {
      const reply = await put(name, policy);
      assert.equal(reply.status, 200, reply.text);
      assert.equal(reply.headers['x-strongroom-warning'], undefined);
    }
  });

  test('a rotation after the expiry is taken with a warning', async () => {
    const reply = await put('plain', rotateAfter('P3M', 'P90D'));
    assert.equal(reply.status, 200, reply.text);
    assert.match(String(reply.headers['x-strongroom-warning']), /expires before it is rotated/);
    const entries = readEntries(instance).filter(({ operationName }) => operationName === 'KeyRotationPolicySet');
    assert.match(String(entries.at(-1)?.['resultDescription']), /expires before it is rotated/);
    ok(await put('plain', {}));
  });

  test('reading, setting and rotating are three rights', async () => {
    const auditor = await userOf(instance, 'Managed HSM Crypto Auditor');
    ok(await auditor('GET', '/keys/ruled/rotationpolicy'));
    refused(
      await auditor('PUT', '/keys/ruled/rotationpolicy', {}),
      403,
      'AccessDenied',
      /keys\/write\/action on \/keys\/ruled/,
    );
    refused(await auditor('POST', '/keys/ruled/rotate'), 403, 'AccessDenied', /keys\/rotate\/action on \/keys\/ruled/);
    const admin = askAs(instance, await instance.adminToken());
    refused(
      await admin('GET', '/keys/ruled/rotationpolicy'),
      403,
      'AccessDenied',
      /keys\/read\/action on \/keys\/ruled/,
    );
  });

  test('all three come with api-version 7.3', async () => {
    for (const version of ['2016-10-01', '7.2']) {
      assert.equal((await ask('GET', '/keys/ruled/rotationpolicy', undefined, version)).status, 404);
      assert.equal((await ask('PUT', '/keys/ruled/rotationpolicy', {}, version)).status, 404);
      assert.equal((await ask('POST', '/keys/ruled/rotate', undefined, version)).status, 404);
    }
    for (const version of ['7.3-preview', '7.3', '2025-07-01', '2026-07-01-preview']) {
      ok(await ask('GET', '/keys/ruled/rotationpolicy', undefined, version));
    }
  });

  test('a policy stays with a deleted key and goes with a purged one', async () => {
    ok(await ask('POST', '/keys/mortal/create', { kty: 'oct-HSM' }));
    ok(await put('mortal', rotateAfter('P90D')));
    ok(await ask('DELETE', '/keys/mortal'));
    refused(await ask('GET', '/keys/mortal/rotationpolicy'), 404, 'KeyNotFound', /./);
    refused(await ask('PUT', '/keys/mortal/rotationpolicy', {}), 404, 'KeyNotFound', /./);
    refused(await ask('POST', '/keys/mortal/rotate'), 404, 'KeyNotFound', /./);
    ok(await ask('POST', '/deletedkeys/mortal/recover'));
    assert.equal(ok<Policy>(await ask('GET', '/keys/mortal/rotationpolicy')).lifetimeActions.length, 1);
    ok(await ask('DELETE', '/keys/mortal'));
    assert.equal((await ask('DELETE', '/deletedkeys/mortal')).status, 204);
    ok(await ask('POST', '/keys/mortal/create', { kty: 'oct-HSM' }));
    assert.deepEqual(ok<Policy>(await ask('GET', '/keys/mortal/rotationpolicy')).attributes, NONE);
  });
});

describe('rotation on demand', () => {
  let instance: RunningInstance;
  let ask: Ask;
  before(async () => {
    instance = await startRunningInstance();
    await instance.activate();
    ask = await userOf(instance, 'Managed HSM Crypto User', 'Managed HSM Crypto Officer');
  });
  after(() => instance[Symbol.asyncDispose]());
  const create = async (name: string, body: object): Promise<Bundle> =>
    ok(await ask('POST', `/keys/${name}/create`, body));
  const rule = async (name: string, policy: object): Promise<Policy> =>
    ok(await ask('PUT', `/keys/${name}/rotationpolicy`, policy));
  const rotate = async (name: string): Promise<Bundle> => ok(await ask('POST', `/keys/${name}/rotate`));

  test('needs a policy', async () => {
    await create('unruled', { kty: 'oct-HSM' });
    refused(await ask('POST', '/keys/unruled/rotate'), 400, 'BadParameter', /has no rotation policy; set one with PUT/);
    refused(await ask('POST', '/keys/missing/rotate'), 404, 'KeyNotFound', /Key not found/);
    assert.equal((await versionsOf(ask, 'unruled')).length, 1);
  });

  const kinds: Readonly<Record<string, object>> = {
    rsa2048: { kty: 'RSA-HSM', key_size: 2048, key_ops: ['wrapKey', 'unwrapKey'] },
    'rsa2048-e3': { kty: 'RSA-HSM', key_size: 2048, public_exponent: 3 },
    rsa3072: { kty: 'RSA-HSM', key_size: 3072 },
    kek: { kty: 'RSA-HSM', key_size: 2048, key_ops: ['import'] },
    ...Object.fromEntries(['P-256', 'P-256K', 'P-384', 'P-521'].map((crv) => [`ec-${crv}`, { kty: 'EC-HSM', crv }])),
    ...Object.fromEntries([128, 192, 256].map((key_size) => [`oct${key_size}`, { kty: 'oct-HSM', key_size }])),
  };
  test('a new version has the type, size, operations and tags of the one before', async () => {
    for (const [name, kind] of Object.entries(kinds)) {
      const first = await create(name, { ...kind, tags: { owner: 'payments' }, attributes: { nbf: 1000 } });
      await rule(name, { attributes: { expiryTime: 'P1Y' } });
      const second = await rotate(name);
      assert.notEqual(second.key.kid, first.key.kid, name);
      assert.equal(second.key['kty'], first.key['kty'], name);
      assert.equal(second.key['e'], first.key['e'], name);
      assert.equal(second.key['crv'], first.key['crv'], name);
      assert.equal(String(second.key['n']).length, String(first.key['n']).length, name);
      if (first.key['n'] !== undefined) assert.notEqual(second.key['n'], first.key['n'], name);
      if (first.key['x'] !== undefined) assert.notEqual(second.key['x'], first.key['x'], name);
      assert.deepEqual(new Set(second.key.key_ops), new Set(first.key.key_ops), name);
      assert.deepEqual(second.tags, { owner: 'payments' }, name);
      const { created, exp, updated, ...attributes } = second.attributes;
      assert.equal(attributes['enabled'], true);
      assert.ok(!('nbf' in attributes), 'what was not valid yet is not taken over');
      assert.equal(updated, created);
      const year = new Date(created * 1000);
      assert.equal(exp, year.setUTCFullYear(year.getUTCFullYear() + 1) / 1000, name);
      assert.deepEqual(ok<Bundle>(await ask('GET', `/keys/${name}`)), second);
      const old = ok<Bundle>(await ask('GET', new URL(first.key.kid).pathname));
      assert.deepEqual([old.key, old.attributes], [first.key, first.attributes], 'the version before stays as it was');
    }
    const sizes = await Promise.all(
      [128, 192, 256].map(async (size) => {
        const shown = ok<Bundle>(await ask('GET', `/keys/oct${size}`, undefined, '2026-04-01'));
        return shown.attributes['key_size'];
      }),
    );
    assert.deepEqual(sizes, [128, 192, 256]);
  });

  test('without a version the new one works, and the old one goes on unwrapping', async () => {
    const first = await create('wrapper', { kty: 'oct-HSM', key_size: 256 });
    await rule('wrapper', { attributes: { expiryTime: 'P90D' } });
    const secret = randomBytes(32).toString('base64url');
    const wrap = async (): Promise<{ kid: string; value: string }> =>
      ok(await ask('POST', '/keys/wrapper/wrapkey', { alg: 'A256KW', value: secret }));
    const before = await wrap();
    assert.equal(before.kid, first.key.kid);
    const second = await rotate('wrapper');
    const after = await wrap();
    assert.equal(after.kid, second.key.kid);
    for (const { kid, value } of [before, after]) {
      const path = `${new URL(kid).pathname}/unwrapkey`;
      assert.equal(ok<{ value: string }>(await ask('POST', path, { alg: 'A256KW', value })).value, secret);
    }
    const wrong = await ask('POST', '/keys/wrapper/unwrapkey', { alg: 'A256KW', value: before.value });
    refused(wrong, 400, 'BadParameter', /./);
  });

  test('an exportable key keeps its release policy and stays exportable', async () => {
    const data = Buffer.from(
      JSON.stringify({
        version: '1.0.0',
        anyOf: [{ authority: 'https://attest.example', allOf: [{ claim: 'x-ms-sgx-is-debuggable', equals: false }] }],
      }),
    ).toString('base64url');
    const first = await create('leaving', {
      kty: 'EC-HSM',
      attributes: { exportable: true },
      release_policy: { data, immutable: true },
    });
    await rule('leaving', rotateAfter('P90D'));
    const second = await rotate('leaving');
    assert.equal(second.attributes['exportable'], true);
    assert.deepEqual(second.release_policy, first.release_policy);
    assert.equal(second.attributes.exp, undefined);
  });

  test('a disabled or expired key is rotated to one that works', async () => {
    await create('off', { kty: 'oct-HSM', attributes: { enabled: false, exp: 1000 } });
    await rule('off', rotateAfter('P90D'));
    const second = await rotate('off');
    assert.deepEqual([second.attributes['enabled'], second.attributes.exp], [true, undefined]);
    const [old] = await versionsOf(ask, 'off');
    assert.equal(ok<Bundle>(await ask('GET', new URL(old ?? '').pathname)).attributes['enabled'], false);
  });

  test('an imported key is rotated to one that was made here', async () => {
    const k = randomBytes(24).toString('base64url');
    ok(await ask('PUT', '/keys/brought', { key: { kty: 'oct-HSM', k } }));
    await rule('brought', rotateAfter('P90D'));
    const second = await rotate('brought');
    const provenance = await ask('GET', `/strongroom${new URL(second.key.kid).pathname}/provenance`);
    assert.ok(!provenance.text.includes('plain-jwk'), provenance.text);
    assert.equal((await versionsOf(ask, 'brought')).length, 2);
  });

  test('rotations at the same time each make one version, or say that they could not', async () => {
    await create('busy', { kty: 'oct-HSM' });
    await rule('busy', rotateAfter('P90D'));
    const replies = await Promise.all(Array.from({ length: 6 }, () => ask('POST', '/keys/busy/rotate')));
    const made = replies.filter(({ status }) => status === 200);
    assert.ok(made.length > 0);
    for (const reply of replies) if (reply.status !== 200) refused(reply, 409, 'Conflict', /try again/);
    assert.equal((await versionsOf(ask, 'busy')).length, 1 + made.length);
  });

  test('a change that is made meanwhile is not undone by the new version', async () => {
    await create('changing', { kty: 'RSA-HSM', key_size: 3072 });
    await rule('changing', rotateAfter('P90D'));
    const rotating = ask('POST', '/keys/changing/rotate');
    const reduced = ok<Bundle>(await ask('PATCH', '/keys/changing', { key_ops: ['verify'], tags: { kept: 'yes' } }));
    const second = ok<Bundle>(await rotating);
    const both = (await versionsOf(ask, 'changing')).length;
    assert.equal(both, 2);
    if (reduced.key.kid !== second.key.kid) {
      // Whichever was first: the new version has what was true when it was committed.
      const current = ok<Bundle>(await ask('GET', '/keys/changing'));
      assert.deepEqual([current.key.key_ops, current.tags], [['verify'], { kept: 'yes' }]);
    }
  });

  test('the limit of versions holds, and names its setting', async () => {
    const admin = askAs(instance, await instance.adminToken());
    ok(await admin('PATCH', '/settings/StrongroomMaxVersionsPerKey', { value: '2' }));
    await create('full', { kty: 'oct-HSM' });
    await rule('full', rotateAfter('P90D'));
    await rotate('full');
    refused(await ask('POST', '/keys/full/rotate'), 409, 'Conflict', /StrongroomMaxVersionsPerKey/);
    ok(await admin('PATCH', '/settings/StrongroomMaxVersionsPerKey', { value: '1000' }));
    await rotate('full');
  });
});

describe('rotation by itself', () => {
  const start = async (): Promise<{
    instance: RunningInstance;
    ask: Ask;
    advance: (seconds: number) => Promise<void>;
  }> => {
    const instance = await startRunningInstance();
    await instance.activate();
    const ask = await userOf(instance, 'Managed HSM Crypto User', 'Managed HSM Crypto Officer');
    const admin = askAs(instance, await instance.adminToken());
    return {
      instance,
      ask,
      advance: async (advanceSeconds) => void ok(await admin('POST', '/strongroom/clock', { advanceSeconds })),
    };
  };
  const rotations = (instance: RunningInstance, name: string) =>
    readEntries(instance).filter(
      ({ operationName, key }) => operationName === 'KeyRotateIfDue' && String(key).startsWith(`/keys/${name}/`),
    );
  const ruled = async (ask: Ask, name: string, policy: object, key: object = {}): Promise<void> => {
    ok(await ask('POST', `/keys/${name}/create`, { kty: 'oct-HSM', ...key }));
    ok(await ask('PUT', `/keys/${name}/rotationpolicy`, policy));
  };

  test('each key is rotated when its time has come, not before and not again, and others are left alone', async () => {
    const { instance, ask, advance } = await start();
    await using _ = instance;
    await ruled(ask, 'Monthly', rotateAfter('P30D', 'P90D'));
    await ruled(ask, 'yearly', rotateAfter('P1Y'));
    await ruled(ask, 'notified', {
      lifetimeActions: [action('Notify', { timeBeforeExpiry: 'P30D' })],
      attributes: { expiryTime: 'P60D' },
    });
    await ruled(ask, 'deleted', rotateAfter('P30D'));
    ok(await ask('DELETE', '/keys/deleted'));
    await ruled(ask, 'cleared', rotateAfter('P30D'));
    ok(await ask('PUT', '/keys/cleared/rotationpolicy', {}));
    await ruled(ask, 'off', rotateAfter('P30D'), { attributes: { enabled: false } });
    const first = ok<Bundle>(await ask('GET', '/keys/monthly'));

    await advance(30 * DAY - 3600);
    await ask('GET', '/keys/monthly');
    assert.equal((await versionsOf(ask, 'monthly')).length, 1);
    await advance(3601);
    await untilVersions(ask, 'monthly', 2);
    await untilVersions(ask, 'off', 2);
    const second = ok<Bundle>(await ask('GET', '/keys/monthly'));
    assert.ok(second.attributes.created >= first.attributes.created + 30 * DAY);
    assert.equal(second.attributes.exp, second.attributes.created + 90 * DAY);
    assert.equal(ok<Bundle>(await ask('GET', '/keys/off')).attributes['enabled'], false);

    await until('the entry was not written', async () => rotations(instance, 'Monthly').length === 1);
    const [entry] = rotations(instance, 'Monthly');
    assert.equal(entry?.['key'], new URL(second.key.kid).pathname);
    assert.equal(entry?.['resultType'], 'Success');
    assert.equal(entry?.['identity'], '{"claim":{}}');
    assert.match(String(entry?.['resultDescription']), /^The rotation policy says so since 2/);
    assert.equal(typeof (entry?.['storeHead'] as { sequence: number }).sequence, 'number');

    // Twenty times its period: once, because the new version is as young as any.
    await advance(600 * DAY);
    await untilVersions(ask, 'monthly', 3);
    await untilVersions(ask, 'yearly', 2);
    await advance(20 * DAY);
    ok(await ask('GET', '/keys/monthly'));
    for (const [name, count] of [
      ['monthly', 3],
      ['yearly', 2],
      ['notified', 1],
      ['cleared', 1],
    ] as const) {
      assert.equal((await versionsOf(ask, name)).length, count, name);
    }
    await advance(10 * DAY);
    await untilVersions(ask, 'monthly', 4);
  });

  test('before an expiry: by the exp of the version, and a version without one never', async () => {
    const { instance, ask, advance } = await start();
    await using _ = instance;
    const policy = {
      lifetimeActions: [action('Rotate', { timeBeforeExpiry: 'P30D' })],
      attributes: { expiryTime: 'P60D' },
    };
    await ruled(ask, 'endless', policy);
    const exp = Math.floor(Date.now() / 1000) + 50 * DAY;
    await ruled(ask, 'ending', policy, { attributes: { exp } });
    await advance(21 * DAY);
    await untilVersions(ask, 'ending', 2);
    await advance(31 * DAY);
    await untilVersions(ask, 'ending', 3);
    assert.equal((await versionsOf(ask, 'endless')).length, 1);
    // Once it has been rotated by hand there is an expiry to count from.
    ok(await ask('POST', '/keys/endless/rotate'));
    await advance(31 * DAY);
    await untilVersions(ask, 'endless', 3);
    // A nearer expiry brings the rotation nearer: what is past is due at once.
    const near = ok<Bundle>(await ask('GET', '/keys/endless')).attributes.created + 3600;
    ok(await ask('PATCH', '/keys/endless', { attributes: { exp: near } }));
    await advance(1);
    await untilVersions(ask, 'endless', 4);
  });

  test('what fell due while nothing ran is rotated at the next start, once for all workers', async () => {
    let ahead = 0;
    await using instance = await startRunningInstance({ systemNow: () => Date.now() / 1000 + ahead });
    await instance.activate();
    const ask = await userOf(instance, 'Managed HSM Crypto User');
    const names = Array.from({ length: 8 }, (_, index) => `late-${index}`);
    for (const name of names) await ruled(ask, name, rotateAfter('P30D'));
    await using _other = await instance.startWorker();
    ahead = 100 * DAY;
    await instance.restart();
    const recorded = (): number => names.filter((name) => rotations(instance, name).length > 0).length;
    await until('not all were recorded', async () => recorded() === names.length);
    const admin = askAs(instance, await instance.adminToken());
    // Wakes both workers, whatever they were about.
    ok(await admin('POST', '/strongroom/clock', { advanceSeconds: 1 }));
    ok(await admin('POST', '/strongroom/clock', { advanceSeconds: 29 * DAY }));
    for (const name of names) {
      assert.equal((await versionsOf(ask, name)).length, 2, name);
      assert.equal(rotations(instance, name).length, 1, name);
    }
  });

  test('what fails is recorded, waits, and is done when it can be', async () => {
    const { instance, ask, advance } = await start();
    await using _ = instance;
    const admin = askAs(instance, await instance.adminToken());
    await ruled(ask, 'stuck', rotateAfter('P30D'));
    await ruled(ask, 'fine', rotateAfter('P31D'));
    ok(await admin('PATCH', '/settings/StrongroomMaxVersionsPerKey', { value: '1' }));
    await advance(30 * DAY + 60);
    await until('the failure was not recorded', async () => rotations(instance, 'stuck').length === 1);
    const [failure] = rotations(instance, 'stuck');
    assert.equal(failure?.['resultType'], 'Failed');
    assert.equal(failure?.['resultSignature'], 'Conflict');
    assert.match(String(failure?.['resultDescription']), /StrongroomMaxVersionsPerKey.*Next attempt 2/);
    ok(await admin('PATCH', '/settings/StrongroomMaxVersionsPerKey', { value: '2' }));
    await advance(DAY);
    await untilVersions(ask, 'stuck', 2);
    await untilVersions(ask, 'fine', 2);
    assert.equal(rotations(instance, 'stuck').filter(({ resultType }) => resultType === 'Failed').length, 1);
  });
});
