// `strongroom env`: the shell lines that make stock clients in this shell talk to the running service.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readIdentityEndpoint } from '../../control/directory/local-identity/endpoint-file.ts';
import {
  identityFolder,
  identityFolderLines,
  identityVariables,
} from '../../deployment/client-environment/identity-variables.ts';
import { outputOf } from '../../deployment/client-environment/output.ts';
import { caForNode, systemRoots, writeTrustFiles } from '../../deployment/client-environment/trust-files.ts';
import type { Variables } from '../../deployment/client-environment/variable-files.ts';
import { clientVariables } from '../../deployment/client-environment/variables.ts';
import { clientEnvironments } from '../../deployment/client-environment/write.ts';
import { places } from '../../deployment/data-layout.ts';
import { readDevClients } from '../../deployment/dev-clients.ts';
import { type Command, CommandError, command, dataOption, UsageError } from '../command.ts';
import { identityNamed, openDirectory } from '../directory.ts';
import { dataRootOf, requireRunning } from '../running.ts';
import { directOf, formatOf, readPassed } from './env/options.ts';
import { folderHint, otherUsersBoundTo } from './identity/other-users.ts';

export const commands: readonly Command[] = [
  command({
    name: 'env',
    summary: 'print shell lines that connect clients to the running service',
    operands: '[--pass HOST...]',
    details: `
Made for sh, bash and zsh: eval "$(strongroom env)". Only that shell is changed: the identity of the dev administrator,
the development authority beside those of the system, the loopback proxy, and a configuration folder for az apart from
your own. The lines hold secrets: do not paste them anywhere.

The proxy reaches Strongroom and nothing else. Hosts that --pass names go round it, as do those that NO_PROXY has
already, but for names under which Strongroom answers.

Formats: sh, lines to evaluate · github, lines for $GITHUB_ENV, and on stderr what masks the secrets · dotenv, a file of
NAME=VALUE for docker and others · json, null for what is to be cleared · java, as sh with JAVA_TOOL_OPTIONS besides.`,
    options: {
      'names FORM (azure)':
        "azure: unconfigured clients, Azure's own names · local: *.localhost names, az told of a cloud",
      'pass HOST...':
        'a host, .domain or address to reach directly; more of them: after it, with commas, or by another --pass',
      'format FORMAT': 'sh (default), github, dotenv, json or java',
      'identity NAME': "for processes that are bound to this managed identity: its endpoint, and nobody's secret",
      'style STYLE (app-service)': 'how such processes ask: app-service, or imds as on a virtual machine',
      'folder DIR': 'with --identity, for another user: a folder of that user, which the lines make and fill',
      ...dataOption,
      json: 'the same as --format json',
    },
    examples: [
      'eval "$(strongroom env)"',
      'eval "$(strongroom env --names local)"',
      'eval "$(strongroom env --pass pypi.org,files.pythonhosted.org)"',
      'eval "$(strongroom env --format java --pass repo.maven.apache.org)"',
      'strongroom env --format github >> "$GITHUB_ENV"',
      'strongroom env --json',
      'strongroom env --identity strongroom-dev-identity',
      'strongroom env --identity strongroom-dev-identity --folder /var/lib/signer',
    ],
    explains: { RangeError: '' },
    async run({ names, pass, format, identity, style, folder, data, json }, operands, terminal) {
      if (style !== 'app-service' && style !== 'imds') {
        throw new UsageError(`--style must be app-service or imds, not '${style}'`);
      }
      if (names !== 'azure' && names !== 'local')
        throw new UsageError(`--names must be azure or local, not '${names}'`);
      const form = formatOf(format, json);
      if (folder !== undefined && identity === undefined) throw new UsageError('--folder goes with --identity');
      if (folder !== undefined && form !== 'sh') {
        throw new UsageError(`--folder is filled by the shell lines: leave --${json ? 'json' : 'format'} out`);
      }
      if (operands.length > 0 && pass.length === 0) throw new UsageError(`'${operands[0]}': hosts go with --pass`);
      const passed = [...pass, ...operands].flatMap((each) => each.split(',')).map(readPassed);
      const root = dataRootOf(data);
      const { port, profile, uris } = requireRunning(root);
      if (profile === 'production') {
        throw new CommandError(
          'a production deployment has no identities to hand out; register its names once: az cloud register --name Strongroom ' +
            `--endpoint-resource-manager ${uris.arm}, then az cloud set --name Strongroom and az login`,
        );
      }
      const at = places(root);
      const prepared = clientEnvironments(at, port, readDevClients(root))[names];
      const environment = {
        ...prepared,
        caForNode: caForNode(at, process.env),
        direct: directOf(passed, prepared.form, terminal),
      };
      const roots = systemRoots();
      await writeTrustFiles(at, roots);
      if (identity === undefined) {
        show(clientVariables(environment));
        return 0;
      }
      const { oid, ...endpoint } = await endpointOf(data, identity);
      const own = folder === undefined ? undefined : identityFolder(resolve(folder));
      if (own !== undefined) {
        terminal.out(identityFolderLines(own, await readFile(at.caCertificate, 'utf8'), roots.file));
      } else {
        const others = await otherUsersBoundTo(at.control, oid);
        if (others.length > 0) terminal.err(folderHint(others, identity, data));
      }
      show(identityVariables(environment, { ...endpoint, style, folder: own }));
      return 0;

      function show(variables: Variables): void {
        const { out, err } = outputOf(form, environment, variables, process.env);
        if (err !== '') terminal.err(err);
        terminal.out(out);
      }
    },
  }),
];

async function endpointOf(data: string | undefined, name: string) {
  const { folder, directory } = await openDirectory(data);
  const { clientId, oid } = identityNamed(directory, name);
  const endpoint = await readIdentityEndpoint(folder);
  if (endpoint === undefined) throw new CommandError('this system has no managed identity endpoint: it needs Linux');
  return { clientId, oid, ...endpoint };
}
