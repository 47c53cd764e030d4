// What a start without the demonstration shows instead of it: what there is, how to make an instance, how to connect.
import type { Places } from '../deployment/data-layout.ts';
import type { DevClients } from '../deployment/dev-clients.ts';
import { print, printTable } from './progress.ts';
import { showHowToConnect } from './summary.ts';

export function showWithoutDemo(at: Places, clients: DevClients, instances: readonly string[]): void {
  if (instances.length > 0) print(`\nInstances: ${instances.join(', ')}`);
  printTable('Connect clients (in another terminal)', showHowToConnect(at, instances[0]));
  if (instances.length === 0) {
    const { oid } = clients.applications.admin;
    printTable('No instances yet: make one with az keyvault create', [
      ['group', 'az group create -n strongroom-dev -l local'],
      [
        'instance',
        `az keyvault create --hsm-name my-hsm -g strongroom-dev -l local --retention-days 7 --administrators ${oid}`,
      ],
    ]);
  }
  print('\nServing until Ctrl-C.');
}
