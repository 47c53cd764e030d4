// Alerts over the figures that an instance tells of itself: its custodians, its rehearsals and its certificate, as its clock goes on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { errorCodes } from '../../src/http/service-error.ts';
import { packed, readWorkerMetrics } from '../../src/links/worker-metrics.ts';
import { newState } from '../../src/watcher/alerts/alert-state.ts';
import { Judge } from '../../src/watcher/alerts/judge.ts';
import { readRules } from '../../src/watcher/alerts/rules.ts';
import { merged } from '../../src/watcher/metrics/exposition.ts';
import { makeCustodians } from '../support/custodians.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
let clock = Math.floor(Date.now() / 1000);
let instance: RunningInstance;
before(async () => {
  instance = await startRunningInstance({ systemNow: () => clock });
});
after(() => instance[Symbol.asyncDispose]());

const fired: string[] = [];
const judge = new Judge(readRules(), newState(0), ({ what }) => fired.push(what));

/** What comes true in an hour from now on. */
async function toldInAnHour(): Promise<readonly string[]> {
  for (let n = 0; n < 2; n++) {
    // As it comes over the link.
    const { samples } = readWorkerMetrics(
      JSON.parse(JSON.stringify(packed(await instance.service.metrics()))),
      errorCodes,
    );
    for (const each of merged(samples.map((sample) => ({ ...sample, hsm: 'test' })))) judge.measure(each, clock * 1000);
    clock += HOUR;
  }
  return fired.splice(0);
}

async function post(path: string, body: unknown): Promise<Reply> {
  const reply = await instance.ask('POST', `/securitydomain/${path}?api-version=7.5`, {
    token: await instance.adminToken(),
    body,
  });
  assert.ok(reply.status < 300, reply.text);
  return reply;
}

test('custodians who may not be lost any more, rehearsals that are due and a certificate that ends are told', async () => {
  assert.deepEqual(await toldInAnHour(), [], 'it is not activated, and nobody has a share');
  const custodians = await makeCustodians('Anna', 'Boris', 'Clara');
  const certificates = custodians.map(({ certificate }) => ({ kty: 'RSA', x5c: [certificate] }));
  const { value } = (await post('download', { certificates, required: 2 })).json as { value: string };
  assert.deepEqual(await toldInAnHour(), ['Too few custodians are left: 2 too few']);
  const acknowledge = async (at: number): Promise<void> => {
    const packet = custodians[at]?.acknowledges(value, new Date(clock * 1000)) ?? '';
    await post('custodians/packets', { packet: JSON.parse(packet) as unknown });
  };
  await acknowledge(0);
  await acknowledge(1);
  assert.deepEqual(await toldInAnHour(), ['No custodian may be lost any more: as many as it takes, and none more']);
  await acknowledge(2);
  assert.deepEqual(await toldInAnHour(), []);

  clock += 364 * DAY;
  const later = (await toldInAnHour()).map((what) => what.replace(/(?:due since|it ends at|\d+ too few).*/, ''));
  assert.deepEqual(later, ['A rehearsal is overdue: depth reachability, ']);
  clock += 364 * DAY;
  const end = (await toldInAnHour()).map((what) => what.replace(/(?:due since|it ends at|\d+ too few).*/, ''));
  assert.deepEqual(end.sort(), [
    'A certificate is about to end: ',
    'A rehearsal is overdue: depth full, ',
    // Nothing was heard of any for a year.
    'Too few custodians are left: ',
  ]);
});
