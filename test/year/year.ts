// The script: what happens, and beside it who must be told of what. An alert that no step expects is as wrong as one that does not come.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packetOf } from '../../src/module/packets.fixture.ts';
import { certificateKeys } from '../../src/tools/ceremony/hsm.ts';
import { custodianWith, digestOf, makeCustodians, type TestCustodian } from '../support/custodians.ts';
import type { Operation } from './ledger.ts';
import { DAY, type Who, type World } from './world.ts';

export interface Step {
  /** As the diary has it. */
  readonly what: string;
  /** Days that go by before it. */
  readonly after: number;
  /** How often which rule must be told of which HSM: `rule@hsm`; of the management plane or the deployment: `rule@`. */
  readonly told: Readonly<Record<string, number>>;
  readonly does: (world: World) => Promise<void>;
  /** The watcher dies in it: a message may come again, with the id that it had. */
  readonly mayRepeat?: true;
}

const HSMS = '/resourceGroups/strongroom/providers/Microsoft.KeyVault/managedHSMs';
const ROLES = '/providers/Microsoft.Authorization';
/** Of each split, who has the shares, and the file. */
const domains = new Map<string, { readonly custodians: readonly TestCustodian[]; readonly file: string }>();
const assignments = new Map<string, string>();

const nothing = {} as const;
const anyway = (): Promise<void> => Promise.resolve();

export const YEAR: readonly Step[] = [
  {
    what: 'dev is there since the day before yesterday; its custodians are known, and the witness accepts its log and that of the management plane',
    after: 0,
    told: nothing,
    async does(world) {
      const folder = join(world.data, 'custodians-development-only');
      const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
      const custodians = [1, 2, 3].map((n) =>
        custodianWith(`dev-${n}`, read(`custodian-${n}.cer`), read(`custodian-${n}.pem`)),
      );
      domains.set('dev', { custodians, file: read('dev-security-domain.json') });
      await accept(world, 'dev');
      const management = readFileSync(world.places.management.verifierKey, 'utf8').trim();
      world.accept(management.split('+')[0] ?? '', management);
      await world.witnessed();
    },
  },
  {
    what: 'an HSM for the ledger is made and activated; its three custodians show that they can open their shares',
    after: 1,
    told: { 'administrator-granted@ledger': 1, 'security-domain-downloaded@ledger': 1 },
    async does(world) {
      await world.arm('PUT', await hsmPath(world, 'ledger'), {
        location: 'local',
        sku: { family: 'B', name: 'Standard_B1' },
        properties: { initialAdminObjectIds: [world.objectIdOf('admin')], softDeleteRetentionInDays: 7 },
      });
      await activate(world, 'ledger', ['Anna', 'Boris', 'Clara']);
      await accept(world, 'ledger');
    },
  },
  {
    what: 'two applications get a key each, and a role for that one alone; who makes the keys may also give roles',
    after: 1,
    told: { 'administrator-granted@ledger': 1 },
    async does(world) {
      for (const role of ['Managed HSM Crypto Officer', 'Managed HSM Crypto User'])
        await grant(world, 'ledger', role, 'admin', '/keys');
      await world.done('dev', 'admin', 'POST', '/keys/orders/create', { kty: 'EC-HSM', crv: 'P-256' });
      await world.done('ledger', 'admin', 'POST', '/keys/books/create', { kty: 'oct-HSM', key_size: 256 });
      await grant(world, 'dev', 'Managed HSM Crypto User', 'orders', '/keys/orders');
      await grant(world, 'ledger', 'Managed HSM Crypto User', 'reports', '/keys/books');
      await work(world);
    },
  },
  {
    what: 'Alice becomes an administrator of dev, while others are away',
    after: 20,
    told: { 'administrator-granted@dev': 1 },
    does: (world) => grant(world, 'dev', 'Managed HSM Administrator', 'alice', '/'),
  },
  {
    what: 'and is none any more',
    after: 14,
    told: { 'administrator-removed@dev': 1 },
    async does(world) {
      await world.done('dev', 'admin', 'DELETE', `${ROLES}/roleAssignments/${assignments.get('alice')}`);
      await work(world);
    },
  },
  {
    what: 'both keys are to be rotated every 28 days',
    after: 1,
    told: nothing,
    async does(world) {
      for (const [hsm, key] of [
        ['dev', 'orders'],
        ['ledger', 'books'],
      ] as const) {
        const lifetimeActions = [{ trigger: { timeAfterCreate: 'P28D' }, action: { type: 'Rotate' } }];
        await world.done(hsm, 'admin', 'PUT', `/keys/${key}/rotationpolicy`, { lifetimeActions });
      }
      await rotated(world, 2);
    },
  },
  {
    what: 'a month in which applications work and keys are rotated',
    after: 29,
    told: nothing,
    does: (world) => rotated(world, 3),
  },
  {
    what: 'the custodians of dev are asked whether they still have their keys, and all have',
    after: 20,
    told: nothing,
    does: (world) => rehearse(world, 'dev'),
  },
  {
    what: 'nobody has asked those of ledger',
    after: 8,
    told: { 'rehearsal-overdue@ledger': 1 },
    does: anyway,
  },
  {
    what: 'which is made good; rehearsals are then somebody else’s',
    after: 2,
    told: { 'settings-changed@ledger': 2, 'settings-changed@dev': 2 },
    async does(world) {
      await rehearse(world, 'ledger');
      for (const hsm of ['dev', 'ledger']) {
        await setting(world, hsm, 'StrongroomRehearsalReachabilityDays', '0');
        await setting(world, hsm, 'StrongroomRehearsalFullDays', '0');
      }
    },
  },
  {
    what: 'all receivers and the witness go away for two weeks; somebody changes a setting and a role meanwhile, and a key is rotated',
    after: 10,
    told: {
      // Five sinks are behind with what each of the logs has got meanwhile.
      'sink-behind@dev': 5,
      'sink-behind@ledger': 5,
      'sink-behind@': 5,
      'witness-silent@dev': 1,
      'witness-silent@ledger': 1,
      'witness-silent@': 1,
      'outlet-failing@': 3,
      'settings-changed@dev': 1,
      'role-changed@ledger': 1,
      'network-opened@ledger': 1,
    },
    async does(world) {
      await world.away();
      await setting(world, 'dev', 'StrongroomMaxTagsPerKey', '20');
      await world.go(4 * DAY);
      const properties = { roleName: 'Looks on', permissions: [{ dataActions: [`${KEYS}/read/action`] }] };
      await world.done('ledger', 'admin', 'PUT', `${ROLES}/roleDefinitions/${randomUUID()}`, { properties });
      await work(world);
      await network(world, 'ledger', 'Deny');
      await network(world, 'ledger', 'Allow');
      await world.go(5 * DAY);
      await work(world);
      await world.go(5 * DAY);
      await world.back();
    },
  },
  { what: 'a quiet month', after: 29, told: nothing, does: (world) => rotated(world, 5) },
  {
    what: 'a change of settings is announced, and kept quiet for ten days',
    after: 1,
    told: { 'alert-silenced@': 1 },
    async does(world) {
      const words = ['--for', '10d', '--reason', 'change 4711', '--data', world.data];
      await world.strongroom('alerts', 'silence', 'settings-changed', ...words);
    },
  },
  {
    what: 'it is made',
    after: 3,
    told: nothing,
    does: (world) => setting(world, 'dev', 'StrongroomMaxTagsPerKey', '25'),
  },
  {
    what: 'and once more, when nobody keeps it quiet any more',
    after: 9,
    told: { 'settings-changed@dev': 1 },
    does: (world) => setting(world, 'dev', 'StrongroomMaxTagsPerKey', '15'),
  },
  {
    what: 'the application that writes reports is in other hands: it tries what it may do in dev',
    after: 6,
    told: { 'probing-caller@dev': 1 },
    async does(world) {
      await work(world);
      for (let n = 0; n < 45; n++) {
        const { status } = await world.ask('dev', 'reports', 'GET', `/keys/${n % 2 === 0 ? 'orders' : `k${n}`}`);
        assert.equal(status, 403);
      }
    },
  },
  {
    what: 'then with tokens that it has made itself',
    after: 1,
    told: { 'probing-address@ledger': 1 },
    async does(world) {
      for (let n = 0; n < 55; n++) {
        const token = ['{"alg":"RS256","kid":"1"}', '{"oid":"me"}', randomBytes(256)].map(base64url).join('.');
        const { status } = await world.ask('ledger', { token }, 'GET', '/keys/books');
        assert.equal(status, 401);
      }
    },
  },
  {
    what: 'the orders of a whole day come within an hour',
    after: 25,
    told: { 'unusual-volume@dev': 1 },
    async does(world) {
      await work(world, 520);
    },
  },
  {
    what: 'the network is shut but for this machine, and at three in the morning opened to everybody, and shut again',
    after: 10,
    told: { 'network-opened@dev': 1 },
    async does(world) {
      await network(world, 'dev', 'Deny');
      await world.goToHour(3);
      await network(world, 'dev', 'Allow');
      await network(world, 'dev', 'Deny');
    },
  },
  {
    what: 'the watcher is killed while it has something to tell; the network is open to all from here on',
    after: 12,
    told: { 'network-opened@dev': 1 },
    mayRepeat: true,
    async does(world) {
      const { watcher } = world;
      await network(world, 'dev', 'Allow');
      process.kill(watcher ?? assert.fail('no watcher runs'), 'SIGKILL');
      await world.until(() => (world.watcher === watcher ? 'the same watcher runs' : undefined));
    },
  },
  {
    what: 'Clara leaves: one more, and the keys of ledger could not be brought back',
    after: 15,
    told: { 'custodians-none-to-spare@ledger': 1 },
    async does(world) {
      await work(world);
      const { custodians, file } = domainOf('ledger');
      await handIn(world, 'ledger', custodians[2]?.says({ purpose: 'leave', domain: digestOf(file) }));
    },
  },
  {
    what: 'the others give her share to Dora',
    after: 3,
    told: { 'security-domain-uploaded@ledger': 1, 'security-domain-downloaded@ledger': 1 },
    does: (world) => reshare(world, 'ledger'),
  },
  {
    what: 'an HSM that was for a trial is made, deleted and purged, which leaves its log',
    after: 5,
    told: { 'administrator-granted@scratch': 1, 'instance-stopped@': 1, 'instance-purge-tried@': 1 },
    async does(world) {
      const path = await hsmPath(world, 'scratch');
      await world.arm('PUT', path, {
        location: 'local',
        sku: { family: 'B', name: 'Standard_B1' },
        properties: { initialAdminObjectIds: [world.objectIdOf('admin')], softDeleteRetentionInDays: 7 },
      });
      await world.settle();
      await world.arm('DELETE', path);
      const deleted = '/providers/Microsoft.KeyVault/locations/local/deletedManagedHSMs/scratch/purge';
      await world.arm('POST', deleted);
    },
  },
  {
    what: 'a key is deleted; who may not purge it tries, then who may',
    after: 5,
    told: { 'key-purge-tried@ledger': 2 },
    async does(world) {
      await world.done('ledger', 'admin', 'POST', '/keys/old/create', { kty: 'EC-HSM', crv: 'P-256' });
      await world.done('ledger', 'admin', 'DELETE', '/keys/old');
      assert.equal((await world.ask('ledger', 'reports', 'DELETE', '/deletedkeys/old')).status, 403);
      await world.done('ledger', 'admin', 'DELETE', '/deletedkeys/old');
    },
  },
  { what: 'the machine is started again', after: 25, told: nothing, does: (world) => world.restart() },
  { what: 'another quiet month', after: 29, told: nothing, does: (world) => rotated(world, 7) },
  { what: 'and another', after: 29, told: nothing, does: (world) => rotated(world, 8) },
  { what: 'and another', after: 29, told: nothing, does: (world) => rotated(world, 9) },
  {
    what: 'a year has gone by, and the certificates of then are about to end',
    after: 29,
    told: { 'certificate-ending@dev': 1, 'certificate-ending@ledger': 1, 'certificate-ending@': 1 },
    does: anyway,
  },
  {
    what: 'the next start makes new ones',
    after: 1,
    told: nothing,
    async does(world) {
      await world.restart();
      await work(world);
    },
  },
];

const KEYS = 'Microsoft.KeyVault/managedHsm/keys';

function base64url(bytes: string | Buffer): string {
  return Buffer.from(bytes).toString('base64url');
}

function domainOf(hsm: string) {
  return domains.get(hsm) ?? assert.fail(`no domain of ${hsm}`);
}

async function hsmPath(world: World, name: string): Promise<string> {
  const { value } = await world.arm('GET', '/providers/Microsoft.KeyVault/managedHSMs');
  const [dev] = value as readonly { readonly id: string }[];
  return `${dev?.id.replace(/^\/subscriptions\/[^/]+/, '').replace(/\/[^/]+$/, '') ?? HSMS}/${name}`;
}

async function network(world: World, hsm: string, defaultAction: 'Allow' | 'Deny'): Promise<void> {
  const networkAcls = { bypass: 'None', defaultAction, ipRules: [{ value: '127.0.0.1' }] };
  await world.arm('PATCH', await hsmPath(world, hsm), { properties: { networkAcls } });
}

async function setting(world: World, hsm: string, name: string, value: string): Promise<void> {
  await world.done(hsm, 'admin', 'PATCH', `/settings/${name}`, { value });
}

async function grant(world: World, hsm: string, roleName: string, who: Who, scope: string): Promise<void> {
  const { value } = await world.done(hsm, 'admin', 'GET', `${ROLES}/roleDefinitions`);
  const all = value as readonly { readonly id: string; readonly properties: { readonly roleName: string } }[];
  const roleDefinitionId = all.find(({ properties }) => properties.roleName === roleName)?.id;
  const id = randomUUID();
  assignments.set(who, id);
  const properties = { roleDefinitionId, principalId: world.objectIdOf(who) };
  const at = scope === '/' ? '' : scope;
  await world.done(hsm, 'admin', 'PUT', `${at}${ROLES}/roleAssignments/${id}`, { properties });
}

/** What both applications do on a day, each some with the key that is theirs, and the ledger counts. */
async function work(world: World, orders = 12): Promise<void> {
  const value = base64url(randomBytes(32));
  await use(
    world,
    { hsm: 'dev', who: 'orders', key: 'orders', operation: 'sign', body: { alg: 'ES256', value } },
    orders,
  );
  await use(
    world,
    { hsm: 'ledger', who: 'reports', key: 'books', operation: 'encrypt', body: { alg: 'A256GCM', value } },
    7,
  );
  await use(
    world,
    { hsm: 'ledger', who: 'reports', key: 'books', operation: 'wrapkey', body: { alg: 'A256KW', value } },
    5,
  );
}

interface Used {
  readonly hsm: string;
  readonly who: Who;
  readonly key: string;
  readonly operation: Operation;
  readonly body: object;
}

async function use(world: World, { hsm, who, key, operation, body }: Used, times: number): Promise<void> {
  await world.ask(hsm, who, 'GET', '/'); // one logs in for all
  for (let left = times; left > 0; left -= 8) {
    const asked = Array.from({ length: Math.min(8, left) }, async () => {
      const { kid } = await world.done(hsm, who, 'POST', `/keys/${key}/${operation}`, body);
      world.ledger.count(hsm, world.objectIdOf(who), operation, String(kid));
    });
    await Promise.all(asked);
  }
}

/** Waits until both keys have so many versions, or more, and uses what there is now. */
async function rotated(world: World, versions: number): Promise<void> {
  for (const [hsm, key] of [
    ['dev', 'orders'],
    ['ledger', 'books'],
  ] as const) {
    let found = 0;
    for (let look = 0; found < versions; look++) {
      assert.ok(look < 500, `${key} has ${found} versions`);
      const { value } = await world.done(hsm, 'admin', 'GET', `/keys/${key}/versions`);
      found = (value as readonly unknown[]).length;
      await world.measured();
    }
  }
  await work(world);
}

async function activate(world: World, hsm: string, names: readonly string[]): Promise<void> {
  const custodians = await makeCustodians(...names);
  domains.set(hsm, { custodians, file: await download(world, hsm, custodians) });
  await acknowledge(world, hsm);
}

async function download(world: World, hsm: string, custodians: readonly TestCustodian[]): Promise<string> {
  const certificates = certificateKeys(custodians.map(({ certificatePem }) => new X509Certificate(certificatePem)));
  const { value } = await world.done(hsm, 'admin', 'POST', '/securitydomain/download', { certificates, required: 2 });
  return String(value);
}

async function acknowledge(world: World, hsm: string): Promise<void> {
  const { custodians, file } = domainOf(hsm);
  for (const each of custodians) await handIn(world, hsm, each.acknowledges(file));
}

async function handIn(world: World, hsm: string, packet = ''): Promise<void> {
  await world.done(hsm, 'admin', 'POST', '/securitydomain/custodians/packets', {
    packet: JSON.parse(packet) as unknown,
  });
}

async function rehearse(world: World, hsm: string): Promise<void> {
  const { challenge } = await world.done(hsm, 'admin', 'POST', '/securitydomain/custodians/challenges', { days: 1 });
  const { custodians, file } = domainOf(hsm);
  for (const each of custodians) {
    const answer = each.says({ purpose: 'challenge', domain: digestOf(file), challenge: String(challenge) });
    await handIn(world, hsm, answer);
  }
  const filed = await world.done(hsm, 'admin', 'POST', '/securitydomain/rehearsals/reachability', { challenge });
  assert.equal(filed['verdict'], 'passed');
}

/** The first two stay, and another one comes. */
async function reshare(world: World, hsm: string): Promise<void> {
  const { custodians, file } = domainOf(hsm);
  const [dora] = await makeCustodians('Dora');
  assert.ok(dora !== undefined);
  const quorum = custodians.slice(0, 2);
  const next = [...quorum, dora];
  const { transfer_key: shown } = await world.done(hsm, 'admin', 'GET', '/securitydomain/resharing');
  const { x5c } = JSON.parse(String(shown)) as { readonly x5c: readonly string[] };
  const transfer = Buffer.from(x5c[0] ?? '', 'base64');
  const successors = { required: 2, thumbprints: next.map(({ thumbprint }) => thumbprint).sort() };
  const packets = quorum.map((each) => packetOf(each, { transfer, document: file, successors }));
  const certificates = certificateKeys(next.map(({ certificatePem }) => new X509Certificate(certificatePem)));
  const body = { certificates, required: 2, domain: file, packets };
  await world.done(hsm, 'admin', 'POST', '/securitydomain/resharing', body);
  domains.set(hsm, { custodians: next, file: await download(world, hsm, next) });
  await acknowledge(world, hsm);
}

async function accept(world: World, hsm: string): Promise<void> {
  const { custodians, file } = domainOf(hsm);
  world.acceptHsm(hsm, await world.verificationKey(file, custodians.slice(0, 2)));
}

/** Sums of principal, version and operation are those that were written down. */
export async function usageAddsUp(world: World): Promise<void> {
  for (const hsm of ['dev', 'ledger']) {
    const { rows, more } = await world.done(hsm, 'admin', 'GET', `/strongroom/v1/usage?view=keys&since=${world.began}`);
    assert.equal(more, false);
    world.ledger.assertSame(hsm, rows as Parameters<typeof world.ledger.assertSame>[1]);
  }
}
