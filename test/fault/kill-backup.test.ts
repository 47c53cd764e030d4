// The worker is killed at random moments of backups and restores: it comes back by itself, the job says how it ended, and
// the instance is as it was or as the backup says, as a whole. Up to four rounds with STRONGROOM_FAULT_ROUNDS.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunningState } from '../../src/deployment/running-state.ts';
import { directoryUri, type JobShape } from '../support/backup-jobs.ts';
import { type Answered, dataPlaneToken, type InstanceClient, instanceClient } from '../support/instance-client.ts';
import { killAll } from '../support/process-tree.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { verifyAuditLog } from './audit-log.ts';

/** A worker that dies many times in a row is started again later and later: each product is killed this often. */
const MOST_ROUNDS = 4;
const ROUNDS = Math.min(Number(process.env['STRONGROOM_FAULT_ROUNDS'] ?? 3), MOST_ROUNDS);
const KEYS = 150;

let product: RunningProduct;
let token: string;
let uri: string;

beforeEach(async () => {
  product = await startProduct();
  token = await dataPlaneToken(product, await product.environment());
  uri = directoryUri(join(product.data, 'backups'));
  using client = instanceClient(product, token);
  for (let at = 0; at < KEYS; at += 10) {
    const made = await Promise.all(Array.from({ length: 10 }, (_, next) => create(client, `kept-${at + next}`)));
    for (const { status, text } of made) assert.equal(status, 200, text);
  }
});
afterEach(async () => {
  assert.equal(await product.stop(), 0, product.output);
  await verifyAuditLog(product.data);
  await product[Symbol.asyncDispose]();
});

const create = (client: InstanceClient, name: string): Promise<Answered> =>
  client.ask('POST', `/keys/${name}/create`, { kty: 'oct-HSM', key_size: 256 });

const servicesOf = (state: RunningState): readonly number[] => [state.pids.instances['dev']?.service ?? []].flat();

/** Until there is another one. @param whenDead before that */
async function killService(whenDead: () => Promise<void> = async () => undefined): Promise<void> {
  const victims = servicesOf(product.state);
  await killAll(victims);
  await whenDead();
  await product.until(
    (state) =>
      state.instances['dev']?.port !== 0 &&
      servicesOf(state).length > 0 &&
      !servicesOf(state).some((pid) => victims.includes(pid)),
  );
}

/** Asks until there is an answer: who comes back may not listen yet. */
async function answered(client: InstanceClient, path: string): Promise<Answered> {
  for (const end = performance.now() + 90_000; ; await delay(20)) {
    try {
      return await client.ask('GET', path);
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
}

async function jobEnd(client: InstanceClient, path: string): Promise<JobShape> {
  for (;;) {
    const { status, json, text } = await answered(client, path);
    assert.equal(status, 200, text);
    if (json['status'] !== 'InProgress') return json as unknown as JobShape;
    await delay(20);
  }
}

async function namesOf(client: InstanceClient): Promise<string[]> {
  const names: string[] = [];
  for (let next: string | undefined = '/keys'; next !== undefined; ) {
    const page: Answered = await answered(client, next);
    assert.equal(page.status, 200, page.text);
    names.push(...(page.json['value'] as { kid: string }[]).map(({ kid }) => kid.split('/').at(-1) ?? ''));
    const link = page.json['nextLink'];
    next = typeof link === 'string' ? new URL(link).pathname + new URL(link).search : undefined;
  }
  return names.sort();
}

/** Looks again and again, for the folder is finished soon. @param before folders that were there */
async function untilBegun(before: number): Promise<void> {
  const place = join(product.data, 'backups');
  while (readdirSync(place).length <= before) await new Promise((resolve) => setImmediate(resolve));
}

/** Folders that are no backup. */
async function unfinished(): Promise<string[]> {
  const place = join(product.data, 'backups');
  const found: string[] = [];
  for (const folder of await readdir(place)) {
    const files = await readdir(join(place, folder)).catch(() => ['complete']); // taken away meanwhile
    if (!files.includes('complete')) found.push(folder);
  }
  return found;
}

test('a backup whose worker is killed is lost and says so; what it left is taken away at the next start', async () => {
  let left = 0;
  // One more where all were seen too late: the machine had something else to do than to let us look.
  for (let round = 0; round < ROUNDS || (left === 0 && round < MOST_ROUNDS); round++) {
    using client = instanceClient(product, token);
    const finished = (await readdir(join(product.data, 'backups'))).length;
    const started = await client.ask('POST', '/backup', { storageResourceUri: uri });
    assert.equal(started.status, 202, started.text);
    // At the first sign of a folder; in the last round at any moment.
    if (round === ROUNDS - 1) await delay(randomInt(0, 120));
    else await untilBegun(finished);
    await killService(async () => {
      if ((await unfinished()).length > 0) left += 1;
    });
    using later = instanceClient(product, token);
    const job = await jobEnd(later, `/backup/${String(started.json['jobId'])}/pending`);
    if (job.status === 'Succeeded') continue;
    assert.equal(`${job.status} ${job.error?.code}`, 'Failed WorkerLost');
    assert.equal((await namesOf(later)).filter((name) => name.startsWith('kept-')).length, KEYS);
    for (const end = performance.now() + 90_000; (await unfinished()).length > 0; await delay(20)) {
      assert.ok(performance.now() < end, (await unfinished()).join());
    }
  }
  assert.ok(left > 0, 'no round was killed while it wrote');
});

test('a restore whose worker is killed has happened as a whole or not at all, as its job says', async () => {
  using first = instanceClient(product, token);
  const begun = await first.ask('POST', '/backup', { storageResourceUri: uri });
  const made = await jobEnd(first, `/backup/${String(begun.json['jobId'])}/pending`);
  assert.equal(made.status, 'Succeeded', JSON.stringify(made));
  const folderToRestore = made.azureStorageBlobContainerUri?.split('/').at(-1);
  assert.ok((await readdir(join(product.data, 'backups'))).includes(folderToRestore ?? ''));
  const inBackup = await namesOf(first);
  const moved = await first.ask('POST', '/strongroom/clock', { advanceSeconds: 31 * 60 });
  assert.equal(moved.status, 200, moved.text);
  const outcomes = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    using client = instanceClient(product, token);
    assert.equal((await create(client, `extra-${round}`)).status, 200);
    const before = await namesOf(client);
    const body = { sasTokenParameters: { storageResourceUri: uri }, folderToRestore };
    const started = await client.ask('PUT', '/restore', body);
    assert.equal(started.status, 202, started.text);
    await delay(randomInt(0, 200));
    await killService();
    using later = instanceClient(product, token);
    const job = await jobEnd(later, `/restore/${String(started.json['jobId'])}/pending`);
    outcomes.add(job.status);
    if (job.status === 'Succeeded') assert.deepEqual(await namesOf(later), inBackup);
    else {
      assert.equal(`${job.status} ${job.error?.code}`, 'Failed WorkerLost');
      assert.deepEqual(await namesOf(later), before);
    }
  }
  assert.ok(outcomes.size > 0);
});
