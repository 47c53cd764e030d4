// The parts of an instance's configuration that follow from the dev profile and from the port of this start: the names
// it answers to and the issuer it trusts. Nobody but the supervisor decides them.
import type { InstanceIdentity } from '../formats/instance-identity.ts';
import { handedOnHost, instanceOrigin, type NameForm } from '../http/name-form.ts';
import type { HostName, InstanceConfig } from './instance.ts';
import { azureNames, devIssuer, localNames } from './name-forms.ts';
import type { RuntimeConfig } from './runtime-config.ts';

/** @param aliases lower case; the names of the instance itself come first in the list */
export function devSurroundings(
  name: string,
  tenantId: string,
  port: number,
  caFile: string,
  aliases: readonly string[] = [],
): RuntimeConfig {
  const forms = [azureNames(), localNames(port)];
  const namesOf = (label: string, form: NameForm): readonly HostName[] => {
    const authorization = `${form.login}/${tenantId}`;
    const { instances, vaults } = form.audiences;
    const [hsm, vault] = [instanceOrigin(form, label), `https://${label}${form.vaultSuffix}`].map(hostOf);
    return [
      { authority: hsm ?? '', authorization, resource: instances[0] ?? '' },
      { authority: vault ?? '', authorization, resource: vaults[0] ?? '', kind: 'vault' },
    ];
  };
  const named = [name.toLowerCase(), ...aliases].flatMap((label) => forms.map((form) => ({ label, form })));
  const [azure] = forms;
  const handedOn: HostName = {
    authority: handedOnHost(name),
    authorization: `${azure?.login ?? ''}/${tenantId}`,
    resource: azure?.arm ?? '',
    kind: 'arm',
  };
  const names = named.flatMap(({ label, form }) => namesOf(label, form));
  // Those come last: the first of a kind is what the instance calls itself.
  const spelled = port === 443 ? [] : named;
  const otherwise = spelled.flatMap(({ label, form }) => namesOf(label, otherwiseSpelled(form, port)));
  return {
    hostNames: [...names, ...otherwise, handedOn],
    issuers: [
      {
        issuers: [devIssuer(tenantId), ...forms.map((form) => `${form.login}/${tenantId}/v2.0`)],
        audiences: forms.flatMap((form) => form.audiences.instances),
        vaultAudiences: forms.flatMap((form) => form.audiences.vaults),
        armAudiences: forms.flatMap((form) => form.audiences.arm),
        jwksUri: `https://127.0.0.1:${port}/${tenantId}/discovery/v2.0/keys`,
        caFile,
      },
    ],
  };
}

/**
 * What clients without a proxy may write: with hosts entries they need the port under Azure's names too, and some leave
 * the port out of `Host` where there is one.
 */
function otherwiseSpelled(form: NameForm, port: number): NameForm {
  const has = /:\d+$/;
  const spell = (suffix: string): string => (has.test(suffix) ? suffix.replace(has, '') : `${suffix}:${port}`);
  const { instances, vaults } = form.audiences;
  const withoutPort = (audiences: readonly string[]) => audiences.map((audience) => audience.replace(has, ''));
  return {
    ...form,
    instanceSuffix: spell(form.instanceSuffix),
    vaultSuffix: spell(form.vaultSuffix),
    audiences: { ...form.audiences, instances: withoutPort(instances), vaults: withoutPort(vaults) },
  };
}

/** The dev profile's identity of an instance, unless its owner has configured another. */
export function devIdentity(
  { backupIdentity }: Pick<InstanceConfig, 'backupIdentity'>,
  { port, caFile, headerFile }: { readonly port: number; readonly caFile: string; readonly headerFile: string },
): { readonly backupIdentity?: InstanceIdentity } {
  const isOwn = backupIdentity?.kind === 'appService' && backupIdentity.headerFile === headerFile;
  if (backupIdentity !== undefined && !isOwn) return {};
  return {
    backupIdentity: { kind: 'appService', endpoint: `https://127.0.0.1:${port}/msi/token`, headerFile, caFile },
  };
}

/** Without the port where it is 443. */
function hostOf(origin: string): string {
  return new URL(origin).host;
}
