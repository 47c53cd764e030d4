// A production deployment with one instance, made by the resource manager as its operator makes it, and started a second time.
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningState } from '../../src/deployment/running-state.ts';
import { ARM, ARM_AUDIENCE, ask, makeSite, type Site } from '../../test/support/running-production.ts';
import { processesOf, type ReadyFile } from '../product/ready-file.ts';

const NAME = 'payroll';
const OTHER_ADMINISTRATOR = '22222222-2222-4333-8444-555555555555';
const SERVES_WITHIN_MS = 60_000;

/** @param look while it serves */
export async function productionProcesses<T>(
  checkout: string,
  look: (processes: ReadyFile['processes']) => Promise<T>,
): Promise<T> {
  await using site = await makeSite(checkout);
  {
    await using running = await site.start();
    await makeInstance(site);
    await serves(running);
  }
  await using running = await site.start();
  await serves(running);
  return await look(processesOf(running.state.pids, NAME));
}

async function makeInstance(site: Site): Promise<void> {
  const token = await site.issuer.token(site.owner, { aud: ARM_AUDIENCE, idtyp: 'user' });
  const { id } = site.config['subscription'] as { readonly id: string };
  const group = `https://${ARM}/subscriptions/${id}/resourceGroups/keys`;
  const put = async (url: string, body: object): Promise<void> => {
    const { status, text } = await ask(site, 'PUT', url, { token, body });
    if (status >= 300) throw new Error(text);
  };
  await put(`${group}?api-version=2022-09-01`, { location: 'local' });
  await put(`${group}/providers/Microsoft.KeyVault/managedHSMs/${NAME}?api-version=2023-07-01`, {
    location: 'local',
    sku: { family: 'B', name: 'Standard_B1' },
    properties: { initialAdminObjectIds: [site.owner, OTHER_ADMINISTRATOR], softDeleteRetentionInDays: 7 },
  });
}

async function serves(running: { readonly state: RunningState }): Promise<void> {
  const ends = performance.now() + SERVES_WITHIN_MS;
  while ((running.state.instances[NAME]?.port ?? 0) === 0) {
    if (performance.now() > ends) throw new Error('the instance does not serve');
    await sleep(20);
  }
}
