// Role assignments in the instance, filled into the store of the stopped product as records of its own.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtInRoles } from '../../src/features/roles/built-in-roles.ts';
import { MAX_ASSIGNMENTS } from '../../src/features/roles/put-assignment.ts';
import { assignmentChange } from '../../src/features/roles/role-records.ts';
import { keyScope } from '../../src/features/roles/scope.ts';
import { createKeys, type Keys } from '../bench-keys.ts';
import { openStoppedInstance } from '../keys/stopped-instance.ts';
import { timeOperation } from '../keys/time-operation.ts';
import { openTimedClient, type TimedAnswer, type TimedClient } from '../keys/timed-client.ts';
import { watchDisturbance } from '../machine/disturbance.ts';
import { memoryOfAll } from '../machine/process-memory.ts';
import { cpuOfAll } from '../machine/times-by-role.ts';
import { connectHsm } from '../product/hsm.ts';
import { INSTANCE, startProduct } from '../product/product.ts';
import type { Axis, GrowthPoint } from './axis.ts';

const TIMES = { times: 300, warmUp: 60 };
/** Assignments of one principal. */
const EACH = 10;
const IN_ONE_COMMIT = 1000;
/** Left free for what the benchmark itself assigns. */
const ROOM = 1000;
const PROVIDER = '/providers/Microsoft.Authorization/roleAssignments';

export const roleAssignmentsAxis: Axis = {
  name: 'role-assignments',
  along: 'role assignments in the instance',
  scale: 'log',
  sizes: [10, 100, 1000, 10_000, MAX_ASSIGNMENTS - ROOM],
  least: 1,
  most: MAX_ASSIGNMENTS - ROOM,
  remark:
    `One request at a time. Each assignment is at a key of its own, ten for each principal. More than ${MAX_ASSIGNMENTS.toLocaleString('en')} ` +
    'are not measured: an instance refuses them.',
  panels: [
    {
      title: 'Processor time of an operation',
      unit: 'µs',
      scale: 'linear',
      lines: {
        assign: 'assign a role',
        remove: 'remove it',
        get: 'get one',
        sign: 'sign',
      },
    },
    { title: 'Start until ready', unit: 's', scale: 'linear', lines: { start: 'clock', startCpu: 'processor time' } },
    { title: 'Memory of all processes', unit: 'MiB PSS', scale: 'linear', lines: { all: 'all' } },
    { title: 'First page of all assignments', unit: 'ms', scale: 'log', lines: { list: 'processor time' } },
  ],
  title: (times, first, last) =>
    `From ${first} to ${last} role assignments, a sign takes ${times('sign')} the processor time, an assignment ${times('assign')}, ` +
    `a start ${times('startCpu')}`,
  async measure(sizes, progress) {
    const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-roles-'));
    try {
      progress('first start');
      const keys = await firstStart(folder);
      const points: GrowthPoint[] = [];
      let filled = 0;
      for (const size of sizes) {
        progress(`${size} role assignments`);
        await fill(join(folder, 'data'), filled, size);
        filled = size;
        points.push(await measureSize(folder, keys, size));
      }
      return points;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function firstStart(folder: string): Promise<Keys> {
  await using product = await startProduct(folder, 'first');
  return await createKeys(await connectHsm(product));
}

const role = builtInRoles.find(({ roleName }) => roleName === 'Managed HSM Crypto User')?.name ?? '';

/** Makes assignments `from` to `to` - 1. */
async function fill(data: string, from: number, to: number): Promise<void> {
  await using stopped = await openStoppedInstance(data, INSTANCE);
  let principalId = randomUUID();
  for (let at = from; at < to; at += IN_ONE_COMMIT) {
    const changes = Array.from({ length: Math.min(IN_ONE_COMMIT, to - at) }, (_, index) => {
      if ((at + index) % EACH === 0) principalId = randomUUID();
      return assignmentChange({
        name: randomUUID(),
        scope: keyScope(`bench-assigned-${at + index}`),
        definition: role,
        principalId,
      });
    });
    await stopped.records.update(() => changes);
  }
}

async function measureSize(folder: string, keys: Keys, size: number): Promise<GrowthPoint> {
  const watch = watchDisturbance();
  await using product = await startProduct(folder, `roles-${size}`);
  const { readyMs, ready } = product;
  const startCpu = cpuOfAll(ready.processes) / 1e6;
  const { endpoint, token } = await connectHsm(product);
  using client = openTimedClient(endpoint, token);
  const operations = await timeAll(client, keys, () => cpuOfAll(ready.processes));
  const all = memoryOfAll(ready.processes).reduce((sum, { pssKiB, rssKiB }) => sum + (pssKiB ?? rssKiB), 0) / 1024;
  return { size, figures: { start: readyMs / 1000, startCpu, all, ...operations }, disturbance: watch.end() };
}

async function timeAll(client: TimedClient, keys: Keys, cpu: () => number): Promise<Record<string, number>> {
  const names = Array.from({ length: TIMES.times + TIMES.warmUp }, () => randomUUID());
  const at = (index: number): string => `${PROVIDER}/${names[index] ?? ''}`;
  const roleDefinitionId = `Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/${role}`;
  const assign = (index: number): Promise<TimedAnswer> => {
    const properties = { roleDefinitionId, principalId: randomUUID() };
    return client.ask('PUT', `/keys/bench-own-${index}${at(index)}`, { properties });
  };
  const remove = (index: number): Promise<TimedAnswer> => client.ask('DELETE', `/keys/bench-own-${index}${at(index)}`);
  const sign = (): Promise<TimedAnswer> =>
    client.ask('POST', `${keys.ec.path}/sign`, { alg: 'ES256', value: Buffer.alloc(32, 7).toString('base64url') });
  const time = async (ask: (index: number) => Promise<TimedAnswer>, times = TIMES): Promise<number> =>
    (await timeOperation('', times, ask, cpu)).cpuMicros;

  const assigned = await time(assign);
  const get = await time((index) => client.ask('GET', `/keys/bench-own-${index}${at(index)}`));
  const removed = await time(remove);
  const list = (await time(() => client.ask('GET', PROVIDER), { times: 20, warmUp: 5 })) / 1000;
  // Last, when what every request runs through is compiled.
  return { assign: assigned, get, remove: removed, list, sign: await time(sign) };
}
