import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HsmLifecycle } from './hsm-lifecycle.ts';
import { HostStopping, type InstanceHost } from './instance-host.ts';
import { createDevResources, type ManagedHsm } from './resources.ts';
import { ResourceBook } from './resources-file.ts';

const ID = '6f1f3a52-9d1c-4f0b-8a55-0f6f5f6b9a10';
const TIME = '2026-11-25T08:00:00.000Z';
const hsm: ManagedHsm = {
  name: 'dev',
  resourceGroup: 'rg',
  location: 'local',
  sku: { family: 'B', name: 'Standard_B1' },
  tags: {},
  initialAdministrators: [ID],
  softDeleteRetentionInDays: 7,
  purgeProtection: false,
  state: 'Provisioning',
  createdBy: 'a',
  createdByType: 'User',
  createdAt: TIME,
  modifiedBy: 'a',
  modifiedByType: 'User',
  modifiedAt: TIME,
};

/** One life of the service over records that outlive it: the host answers every request with `outcome`. */
async function serve(book: ResourceBook, outcome: () => Promise<void>, work?: (lifecycle: HsmLifecycle) => unknown) {
  const asked: string[] = [];
  const host: InstanceHost = {
    provision: ({ name }) => (asked.push(`provision ${name}`), outcome()),
    stop: (name) => (asked.push(`stop ${name}`), outcome()),
    start: outcome,
    status: () => undefined,
  };
  await using lifecycle = new HsmLifecycle({ book, host, now: () => Date.parse(TIME), log: () => {} });
  lifecycle.resume();
  await work?.(lifecycle);
  await lifecycle[Symbol.asyncDispose]();
  return asked;
}

function newBook(): ResourceBook {
  const resources = {
    ...createDevResources(ID, ID, [ID]),
    resourceGroups: [{ name: 'rg', location: 'local', tags: {} }],
  };
  return new ResourceBook(resources, () => Promise.resolve());
}

const stopping = (): Promise<void> => Promise.reject(new HostStopping('the service stops'));

test('a creation that a stop cut off has not failed, and is taken up again', async () => {
  const book = newBook();
  await serve(book, stopping, (lifecycle) => lifecycle.begin('create', 'dev', () => hsm));
  assert.deepEqual(book.current.managedHsms, [hsm]);
  assert.deepEqual(await serve(book, () => Promise.resolve()), ['provision dev']);
  assert.equal(book.current.managedHsms[0]?.state, 'Succeeded');
  assert.deepEqual(await serve(book, stopping), []);
});

test('a deletion that a stop cut off has not failed, and is taken up again', async () => {
  const book = newBook();
  await serve(
    book,
    () => Promise.resolve(),
    (lifecycle) => lifecycle.begin('create', 'dev', () => hsm),
  );
  const remove = (lifecycle: HsmLifecycle) => lifecycle.begin('delete', 'dev', () => ({ ...hsm, state: 'Deleting' }));
  await serve(book, stopping, remove);
  assert.equal(book.current.managedHsms[0]?.state, 'Deleting');
  assert.deepEqual(await serve(book, () => Promise.resolve()), ['stop dev']);
  assert.deepEqual([book.current.managedHsms.length, book.current.deletedHsms.length], [0, 1]);
});

test('a creation that did fail stays failed, with the reason, until it is asked for again', async () => {
  const book = newBook();
  const failing = (): Promise<void> => Promise.reject(new Error('no room'));
  await serve(book, failing, (lifecycle) => lifecycle.begin('create', 'dev', () => hsm));
  assert.deepEqual(book.current.managedHsms, [{ ...hsm, state: 'Failed', problem: 'no room' }]);
  assert.deepEqual(await serve(book, failing), []);
});
