// The table at the end of the demonstration: what exists now, and how other clients get to it.
import { relative } from 'node:path';
import { instanceOrigin, type NameForm } from '../../wire/name-form.ts';
import { shellQuoted } from '../config/client-environment/shell.ts';
import { DEV_INSTANCE } from '../config/client-environment/variables.ts';
import type { Places } from '../config/data-layout.ts';
import type { DevClients } from '../config/dev-clients.ts';

type Rows = readonly (readonly [string, string])[];

export interface Existing {
  readonly at: Places;
  readonly form: NameForm;
  readonly local: NameForm;
  readonly clients: DevClients;
  readonly keyId: string;
}

export function showWhatExists({ at, form, local, clients, keyId }: Existing): Rows {
  return [
    ['instance', `${DEV_INSTANCE}, active; security domain opened by 2 of 3 custodians`],
    ['address', `${instanceOrigin(form, DEV_INSTANCE)} (through the proxy)`],
    ['', `${instanceOrigin(local, DEV_INSTANCE)}`],
    ['key', `${keyId} (RSA-HSM 2048; software module, not FIPS validated)`],
    ['administrator', `application ${clients.applications.admin.appId}: Administrator, Crypto Officer, Crypto User`],
    ['owner', `application ${clients.applications.owner.appId}: owns the subscription, may use no key`],
    ['custodians', `${shown(at.custodians)} (development only)`],
    ['audit log', shown(at.instance(DEV_INSTANCE).audit)],
    ['data', shown(at.root)],
  ];
}

export function showHowToConnect(at: Places): Rows {
  const strongroom = shown(new URL('../../../strongroom', import.meta.url).pathname);
  const path = strongroom.includes('/') ? strongroom : `./${strongroom}`;
  const program = /^[\w./-]+$/.test(path) ? path : shellQuoted(path);
  const evaluate = (names: string): string => `eval "$(${program} env${names} --data ${shellQuoted(at.root)})"`;
  return [
    ["under Azure's names", evaluate('')],
    ['under *.localhost', evaluate(' --names local')],
    [
      'then, for example',
      'az login --service-principal -u $AZURE_CLIENT_ID -p $AZURE_CLIENT_SECRET --tenant $AZURE_TENANT_ID',
    ],
    ['', `az keyvault key list --hsm-name ${DEV_INSTANCE} -o table`],
    ['or', 'any program with DefaultAzureCredential and $AZURE_MANAGEDHSM_URI'],
  ];
}

/** As seen from the current folder, where that is shorter. */
function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short !== '' && !short.startsWith('..') ? short : path;
}
