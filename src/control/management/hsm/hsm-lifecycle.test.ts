import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OPEN_NETWORK } from '../../../formats/network-rules.ts';
import { HostStopping, type InstanceHost } from '../../../links/instance-host.ts';
import { beginTrial, confirmTrial, revertTrial } from '../network/trial.ts';
import { createDevResources, type ManagedHsm, type Resources } from '../resources.ts';
import { ResourceStore } from '../resources-file.ts';
import { HsmLifecycle } from './hsm-lifecycle.ts';
import { changedHsm } from './hsm-rules.ts';
import { readHsmBody } from './read-hsm-body.ts';

const ID = '6f1f3a52-9d1c-4f0b-8a55-0f6f5f6b9a10';
const TIME = '2026-11-25T08:00:00.000Z';
const hsm: ManagedHsm = {
  name: 'dev',
  spelledName: 'Dev',
  resourceGroup: 'rg',
  location: 'local',
  sku: { family: 'B', name: 'Standard_B1' },
  tags: {},
  identities: [],
  initialAdministrators: [ID],
  softDeleteRetentionInDays: 7,
  purgeProtection: false,
  publicNetworkAccess: 'Enabled',
  networkAcls: OPEN_NETWORK.networkAcls,
  connections: [],
  diagnosticSettings: [],
  state: 'Provisioning',
  createdBy: 'a',
  createdByType: 'User',
  createdAt: TIME,
  modifiedBy: 'a',
  modifiedByType: 'User',
  modifiedAt: TIME,
};

const DAY = 86_400_000;
const TRIAL = '00000000-0000-4000-8000-000000000001';
const CALLER = { oid: ID, groups: [], kind: 'user', label: 'alice', identityJson: '{}' } as const;

/** One life of the service over records that outlive it: the host answers every request with `outcome`. */
async function serve(
  book: ResourceStore,
  outcome: () => Promise<void>,
  work?: (lifecycle: HsmLifecycle) => unknown,
  now = Date.parse(TIME),
) {
  const asked: string[] = [];
  const ask = (what: string) => (about: string | { readonly name: string }) => {
    asked.push(`${what} ${typeof about === 'string' ? about : about.name}`);
    return outcome();
  };
  const host: InstanceHost = {
    provision: ask('provision'),
    update: ask('update'),
    stop: ask('stop'),
    start: ask('start'),
    purge: ask('purge'),
    status: () => undefined,
  };
  await using lifecycle = new HsmLifecycle({ book, host, now: () => now, log: () => {} });
  lifecycle.resume();
  await work?.(lifecycle);
  await lifecycle[Symbol.asyncDispose]();
  return asked;
}

function newBook(changes: Partial<Resources> = {}): ResourceStore {
  const resources = {
    ...createDevResources(ID, ID, [ID], { newGuid: () => ID, now: 0 }),
    resourceGroups: [{ name: 'rg', location: 'local', tags: {} }],
    ...changes,
  };
  return new ResourceStore(
    resources,
    () => Promise.resolve(),
    () => Promise.resolve(),
  );
}

const works = (): Promise<void> => Promise.resolve();
const stopping = (): Promise<void> => Promise.reject(new HostStopping('the service stops'));
const failing = (): Promise<void> => Promise.reject(new Error('no room'));
const inState = (state: ManagedHsm['state']) => (resources: Resources) => {
  const changed = { ...hsm, state };
  return { resources: { ...resources, managedHsms: [changed] }, hsm: changed };
};
const deleted = { hsm: { ...hsm, state: 'Succeeded' as const }, deletedAt: TIME, purging: false };

const cases = [
  ['create', 'Provisioning', 'provision dev'],
  ['update', 'Updating', 'update dev'],
  ['recover', 'Recovering', 'start dev'],
  ['delete', 'Deleting', 'stop dev'],
] as const;

for (const [kind, state, asks] of cases) {
  test(`a ${kind} that a stop cut off has not failed, and is taken up again`, async () => {
    const book = newBook();
    await serve(book, stopping, (lifecycle) => lifecycle.begin('itself', kind, inState(state)));
    assert.equal(book.current.managedHsms[0]?.state, state);
    assert.equal(book.current.operations[0]?.status, 'InProgress');
    assert.deepEqual(await serve(book, works), [asks]);
    assert.equal(book.current.operations[0]?.status, 'Succeeded');
    if (kind === 'delete') assert.deepEqual(book.current.deletedHsms, [deleted]);
    else assert.equal(book.current.managedHsms[0]?.state, 'Succeeded');
    assert.deepEqual(await serve(book, stopping), []);
  });

  test(`a ${kind} that did fail stays failed, with the reason, until it is asked for again`, async () => {
    const book = newBook();
    await serve(book, failing, (lifecycle) => lifecycle.begin('itself', kind, inState(state)));
    assert.deepEqual(book.current.managedHsms, [{ ...hsm, state: 'Failed', problem: 'no room' }]);
    assert.deepEqual([book.current.operations[0]?.status, book.current.operations[0]?.problem], ['Failed', 'no room']);
    assert.deepEqual(await serve(book, failing), []);
  });
}

test('what is deleted is purged when its retention ends, not a moment before, and with it every role at it', async () => {
  const scope = `/subscriptions/${ID}/resourcegroups/rg/providers/microsoft.keyvault/managedhsms/dev`;
  const [owner] = newBook().current.roleAssignments;
  assert.ok(owner !== undefined);
  const book = newBook({ deletedHsms: [deleted], roleAssignments: [owner, { ...owner, scope }] });
  const ends = Date.parse(TIME) + 7 * DAY;
  assert.deepEqual(await serve(book, works, undefined, ends - 1), []);
  assert.equal(book.current.deletedHsms.length, 1);
  assert.deepEqual(await serve(book, works, undefined, ends), ['purge dev']);
  assert.equal(book.current.deletedHsms.length, 0);
  assert.deepEqual(book.current.roleAssignments, [owner]);
});

test('a purge that was cut off is taken up again; one that failed is due again', async () => {
  const book = newBook({ deletedHsms: [deleted] });
  const ends = Date.parse(TIME) + 7 * DAY;
  await serve(book, stopping, undefined, ends);
  assert.equal(book.current.deletedHsms[0]?.purging, true);
  await serve(book, failing, undefined, ends);
  assert.equal(book.current.deletedHsms[0]?.purging, false);
  await serve(book, works, undefined, ends);
  assert.equal(book.current.deletedHsms.length, 0);
});

test('rules on trial are taken back at their deadline and not before, also when the service was down at that time', async () => {
  const at = Date.parse(TIME);
  const until = new Date(at + 600_000).toISOString();
  const closed = { bypass: 'None', defaultAction: 'Deny', ipRules: ['203.0.113.0/24'] } as const;
  const before = { publicNetworkAccess: 'Enabled', networkAcls: OPEN_NETWORK.networkAcls } as const;
  const trial = { id: TRIAL, until, by: ID, before };
  const book = newBook({ managedHsms: [{ ...hsm, state: 'Succeeded', networkAcls: closed, trial }] });
  assert.deepEqual(await serve(book, async () => {}, undefined, at + 599_999), []);
  assert.deepEqual(book.current.managedHsms[0]?.networkAcls, closed);
  // The host is stopping: the records go on saying what is to be done, and why.
  const stopped = await serve(book, () => Promise.reject(new HostStopping('stops')), undefined, at + 600_000);
  assert.deepEqual(stopped, ['update dev']);
  const [half] = book.current.managedHsms;
  assert.deepEqual([half?.state, half?.trialStep], ['Updating', { step: 'reverted', id: TRIAL, until }]);
  assert.deepEqual(await serve(book, async () => {}, undefined, at + DAY), ['update dev']);
  const [after] = book.current.managedHsms;
  assert.deepEqual(after?.networkAcls, OPEN_NETWORK.networkAcls);
  assert.deepEqual([after.state, after.trial, after.trialStep], ['Succeeded', undefined, undefined]);
  assert.deepEqual(await serve(book, async () => {}, undefined, at + 2 * DAY), []);
});

test('a deadline that comes while the service runs needs no other occasion', async () => {
  const start = performance.now();
  const at = Date.parse(TIME);
  const now = (): number => at + performance.now() - start;
  const before = { publicNetworkAccess: 'Enabled', networkAcls: OPEN_NETWORK.networkAcls } as const;
  const trial = { id: TRIAL, until: new Date(at + 60).toISOString(), by: ID, before };
  const book = newBook({ managedHsms: [{ ...hsm, state: 'Succeeded', publicNetworkAccess: 'Disabled', trial }] });
  const updated = Promise.withResolvers<void>();
  const host = { update: async () => updated.resolve(), status: () => undefined } as unknown as InstanceHost;
  await using lifecycle = new HsmLifecycle({ book, host, now, log: () => {} });
  lifecycle.resume();
  const alive = setInterval(() => {}, 1_000);
  await updated.promise;
  clearInterval(alive);
  assert.ok(now() >= at + 60);
});

test('a deadline that comes between two looks at the clock is not missed', { timeout: 60_000 }, async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const at = Date.parse(TIME);
  let looks = 0;
  const now = (): number => at + 59 + Math.min(looks++, 1);
  const before = { publicNetworkAccess: 'Enabled', networkAcls: OPEN_NETWORK.networkAcls } as const;
  const trial = { id: TRIAL, until: new Date(at + 60).toISOString(), by: ID, before };
  const book = newBook({ managedHsms: [{ ...hsm, state: 'Succeeded', publicNetworkAccess: 'Disabled', trial }] });
  const updated = Promise.withResolvers<void>();
  const host = { update: async () => updated.resolve(), status: () => undefined } as unknown as InstanceHost;
  await using lifecycle = new HsmLifecycle({ book, host, now, log: () => {} });
  lifecycle.resume();
  context.mock.timers.tick(1);
  await updated.promise;
});

test('confirmed rules stay; other rules that are set meanwhile end the trial, and what is no rule does not', () => {
  const until = new Date(Date.parse(TIME) + 600_000).toISOString();
  const before = { publicNetworkAccess: 'Enabled', networkAcls: OPEN_NETWORK.networkAcls } as const;
  const trial = { id: TRIAL, until, by: ID, before };
  const tried: ManagedHsm = { ...hsm, state: 'Succeeded', publicNetworkAccess: 'Disabled', trial };
  const resources = { ...newBook({ managedHsms: [tried] }).current, managedHsms: [tried] };
  const confirmed = confirmTrial(resources, tried, CALLER, Date.parse(TIME)).hsm;
  assert.deepEqual([confirmed.publicNetworkAccess, confirmed.trial], ['Disabled', undefined]);
  assert.throws(() => confirmTrial(resources, tried, CALLER, Date.parse(until)), { code: 'NetworkTrialEnded' });
  const proposal = { rules: { ipRules: ['10.0.0.0/8'] }, id: TRIAL, until };
  assert.throws(() => beginTrial(resources, tried, proposal, CALLER), { code: 'NetworkTrialRunning' });
  assert.throws(() => revertTrial(resources, confirmed, CALLER), { code: 'ConflictError' });

  const nothing = readHsmBody({});
  const tagged = changedHsm(resources, tried, { ...nothing, tags: { a: 'b' } }, CALLER, TIME);
  assert.deepEqual(tagged.trial, trial);
  const set = changedHsm(resources, tried, { ...nothing, publicNetworkAccess: 'Enabled' }, CALLER, TIME);
  assert.deepEqual([set.trial, set.trialStep?.step], [undefined, 'ended']);
});
