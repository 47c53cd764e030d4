// `strongroom env`: the shell lines that make stock clients in this shell talk to the running service.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readIdentityEndpoint } from '../../features/directory/local-identity/endpoint-file.ts';
import { identityFolder, identityFolderLines } from '../../main/config/client-environment/identity-folder.ts';
import { identityVariables } from '../../main/config/client-environment/identity-variables.ts';
import type { Variables } from '../../main/config/client-environment/shell.ts';
import { clientVariables } from '../../main/config/client-environment/variables.ts';
import { clientEnvironments, shellTextOf } from '../../main/config/client-environment/write.ts';
import { places } from '../../main/config/data-layout.ts';
import { readDevClients } from '../../main/config/dev-clients.ts';
import { CommandError, command, dataOption, jsonOption, UsageError } from '../command.ts';
import { dataRootOf, requireRunning } from '../running.ts';
import { directoryOf, identityNamed } from './identity/named-identity.ts';
import { folderHint, otherUsersBoundTo } from './identity/other-users.ts';

export const env = command({
  name: 'env',
  summary: 'print shell lines that connect clients to the running service',
  operands: '',
  details: `
Made for sh, bash and zsh: eval "$(strongroom env)". Only that shell is changed: the identity of the dev administrator,
the development authority, the loopback proxy, and a configuration folder for az apart from your own.
The lines hold secrets: do not paste them anywhere.`,
  options: {
    names: {
      type: 'string',
      placeholder: 'FORM',
      default: 'azure',
      description: "azure: unconfigured clients, Azure's own names · local: *.localhost names, az told of a cloud",
    },
    identity: {
      type: 'string',
      placeholder: 'NAME',
      description: "for processes that are bound to this managed identity: its endpoint, and nobody's secret",
    },
    style: {
      type: 'string',
      placeholder: 'STYLE',
      default: 'app-service',
      description: 'how such processes ask: app-service, or imds as on a virtual machine',
    },
    folder: {
      type: 'string',
      placeholder: 'DIR',
      description: 'with --identity, for another user: a folder of that user, which the lines make and fill',
    },
    ...dataOption,
    ...jsonOption,
  },
  examples: [
    'eval "$(strongroom env)"',
    'eval "$(strongroom env --names local)"',
    'strongroom env --json',
    'strongroom env --identity strongroom-dev-identity',
    'strongroom env --identity strongroom-dev-identity --folder /var/lib/signer',
  ],
  async run({ names, identity, style, folder, data, json }, _operands, terminal) {
    if (style !== 'app-service' && style !== 'imds') {
      throw new UsageError(`--style must be app-service or imds, not '${style}'`);
    }
    if (names !== 'azure' && names !== 'local') throw new UsageError(`--names must be azure or local, not '${names}'`);
    if (folder !== undefined && identity === undefined) throw new UsageError('--folder goes with --identity');
    if (folder !== undefined && json) throw new UsageError('--folder is filled by the shell lines: leave --json out');
    const root = dataRootOf(data);
    const { port, profile, uris } = requireRunning(root);
    if (profile === 'production') {
      throw new CommandError(
        'a production deployment has no identities to hand out; register its names once: az cloud register --name Strongroom ' +
          `--endpoint-resource-manager ${uris.arm}, then az cloud set --name Strongroom and az login`,
      );
    }
    const environment = clientEnvironments(places(root), port, readDevClients(root))[names];
    if (identity === undefined) {
      show(clientVariables(environment));
      return 0;
    }
    const { control, caCertificate } = places(root);
    const { oid, ...endpoint } = await endpointOf(control, identity);
    const own = folder === undefined ? undefined : identityFolder(resolve(folder));
    if (own !== undefined) terminal.out(identityFolderLines(own, await readFile(caCertificate, 'utf8')));
    else {
      const others = await otherUsersBoundTo(control, oid);
      if (others.length > 0) terminal.err(folderHint(others, identity, data));
    }
    show(identityVariables(environment, { ...endpoint, style, folder: own }));
    return 0;

    function show(variables: Variables): void {
      if (json) terminal.out(`${JSON.stringify(variables, (_, value: unknown) => value ?? null, 2)}\n`);
      else terminal.out(shellTextOf(environment, variables));
    }
  },
});

async function endpointOf(folder: string, name: string) {
  const { clientId, oid } = identityNamed(await directoryOf(folder), name);
  const endpoint = await readIdentityEndpoint(folder);
  if (endpoint === undefined) throw new CommandError('this system has no managed identity endpoint: it needs Linux');
  return { clientId, oid, ...endpoint };
}
