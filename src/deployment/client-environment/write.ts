// Writes `DATA/env.sh` and `DATA/env-local.sh`, the shell lines that connect clients. They hold secrets: 0600.
import { existsSync } from 'node:fs';
import { replaceFile } from '../../files/durable-file.ts';
import { makePrivateFolder } from '../../files/private-folder.ts';
import type { Places } from '../data-layout.ts';
import type { DevClients } from '../dev-clients.ts';
import { azureNames, localNames } from '../name-forms.ts';
import { ALWAYS_DIRECT } from './direct-hosts.ts';
import { writeTrustFiles } from './trust-files.ts';
import { shellLines, shellQuoted } from './variable-files.ts';
import { azConfigFolder, type ClientEnvironment, clientVariables, DEV_INSTANCE } from './variables.ts';

export const NO_DEV_INSTANCE = `AZURE_MANAGEDHSM_URI is not set: there is no instance ${DEV_INSTANCE}`;

export function clientEnvironments(
  at: Places,
  port: number,
  clients: DevClients,
): { readonly azure: ClientEnvironment; readonly local: ClientEnvironment } {
  const hasDevInstance = existsSync(at.instance(DEV_INSTANCE).config);
  const { caCertificate: caForNode, caBundle, trustStore, root: dataRoot } = at;
  const common = { port, caBundle, caForNode, trustStore, direct: ALWAYS_DIRECT, dataRoot, clients, hasDevInstance };
  return {
    azure: { ...common, form: azureNames(), isPublicCloud: true },
    local: { ...common, form: localNames(port), isPublicCloud: false },
  };
}

export async function writeClientEnvironment(at: Places, port: number, clients: DevClients): Promise<void> {
  const { azure, local } = clientEnvironments(at, port, clients);
  for (const each of [azure, local]) makePrivateFolder(azConfigFolder(each));
  await writeTrustFiles(at);
  await replaceFile(at.env, shellTextOf(azure));
  await replaceFile(at.envLocal, shellTextOf(local));
}

export function shellTextOf(environment: ClientEnvironment, variables = clientVariables(environment)): string {
  const lines = [shellLines(variables)];
  // Not as a #-comment: an interactive zsh would run it.
  if (!environment.hasDevInstance) lines.push(`: ${shellQuoted(NO_DEV_INSTANCE)}\n`);
  if (!environment.isPublicCloud) lines.push(registerCloud(environment));
  return lines.join('');
}

/** The command line has no variable for the resource manager: the cloud is registered once per configuration folder. */
function registerCloud({ form }: ClientEnvironment): string {
  const name = shellQuoted(form.name);
  return [
    'if command -v az >/dev/null 2>&1; then',
    `  if ! grep -qs '^\\['${name}'\\]' "$AZURE_CONFIG_DIR/clouds.config"; then`,
    `    az cloud register --name ${name} --endpoint-resource-manager ${shellQuoted(form.arm)} --only-show-errors >/dev/null`,
    '  fi',
    `  grep -qs '^name = '${name}'$' "$AZURE_CONFIG_DIR/config" || az cloud set --name ${name} --only-show-errors >/dev/null`,
    'fi',
    '',
  ].join('\n');
}
