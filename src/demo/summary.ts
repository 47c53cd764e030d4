// What a start shows at its end: what exists now, and how other clients get to it.
import { fileURLToPath } from 'node:url';
import { shellQuoted } from '../deployment/client-environment/variable-files.ts';
import { DEV_INSTANCE } from '../deployment/client-environment/variables.ts';
import type { Places } from '../deployment/data-layout.ts';
import type { DevClients } from '../deployment/dev-clients.ts';
import { instanceOrigin, type NameForm } from '../http/name-form.ts';
import { print, printTable } from './progress.ts';

type Rows = readonly (readonly [string, string])[];

export function showWhatExists(at: Places, clients: DevClients, form: NameForm, local: NameForm, keyId: string): Rows {
  return [
    ['instance', `${DEV_INSTANCE}, active; security domain opened by 2 of 3 custodians`],
    ['address', `${instanceOrigin(form, DEV_INSTANCE)} (through the proxy)`],
    ['', `${instanceOrigin(local, DEV_INSTANCE)}`],
    ['key', `${keyId} (RSA-HSM 2048; software module, not FIPS validated)`],
    ['administrator', `${describe(clients.applications.admin)}: Administrator, Crypto Officer, Crypto User`],
    ['owner', `${describe(clients.applications.owner)}: owns the subscription, may use no key`],
    ['custodians', `${at.custodians} (development only)`],
    ['audit log', at.instance(DEV_INSTANCE).audit],
    ['data', at.root],
  ];
}

/** Roles are assigned to the object id; clients log in with the other one. */
function describe({ appId, oid }: { readonly appId: string; readonly oid: string }): string {
  return `application ${appId}, object id ${oid}`;
}

/** `instance` is what the examples name; without one there is nothing to show of them. */
export function showHowToConnect(at: Places, instance?: string): Rows {
  const strongroom = fileURLToPath(new URL('../../strongroom', import.meta.url));
  const program = /^[\w./-]+$/.test(strongroom) ? strongroom : shellQuoted(strongroom);
  const evaluate = (names: string): string => `eval "$(${program} env${names} --data ${shellQuoted(at.root)})"`;
  return [
    ["under Azure's names", evaluate('')],
    ['under *.localhost', evaluate(' --names local')],
    ['for other hosts', 'that shell reaches none: add --pass HOST, or use another one'],
    [
      'then, for example',
      'az login --service-principal -u $AZURE_CLIENT_ID -p $AZURE_CLIENT_SECRET --tenant $AZURE_TENANT_ID',
    ],
    ...(instance === undefined
      ? []
      : ([
          ['', `az keyvault key list --hsm-name ${instance} -o table`],
          ['or', 'any program with DefaultAzureCredential and $AZURE_MANAGEDHSM_URI'],
        ] as const)),
  ];
}

/** Instead of the demonstration: what there is, how to make an instance, how to connect. */
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
