// `strongroom federation …`: tokens of another issuer that may be exchanged for those of an application.
import {
  type FederatedCredential,
  readCredentials,
  writeCredentials,
} from '../../control/directory/federation/federated-credentials.ts';
import { fetchJwks, tryIssuer } from '../../features/auth/fetch-jwks.ts';
import { type Command, CommandError, command, dataOption, jsonOption, UsageError } from '../command.ts';
import { applicationNamed, openDirectory } from '../directory.ts';
import { readInput } from '../read-input.ts';
import { placesWithData } from '../running.ts';

export const commands: readonly Command[] = [
  command({
    name: 'federation add',
    summary: "let a workload exchange another issuer's token for one of an application",
    operands: 'NAME',
    wants: 'give the credential one name',
    details: `
For Kubernetes service accounts, CI jobs and whatever else has tokens of an OpenID issuer of its own: no secret is kept
anywhere. The foreign token must have exactly this issuer, this subject and the audience api://AzureADTokenExchange.
--subject-pattern takes a * for one or more characters other than a colon; the part before the first colon has none.
The issuer's keys are found by its OpenID document unless --jwks says where they are. They are fetched once, and it is said
when that fails. It holds at once.`,
    options: {
      'application APP': 'display name or client id of the application',
      'issuer URL': 'the iss of the foreign tokens, exactly',
      'subject SUB': 'the sub of the foreign tokens, exactly',
      'subject-pattern PATTERN': 'instead of --subject, with *',
      'discovery URL': 'the OpenID document (default: /.well-known/openid-configuration below the issuer)',
      'jwks URL': 'the key set itself, where there is no document',
      'ca-file PEM': "authority of these addresses (default: the system's)",
      ...dataOption,
      ...jsonOption,
    },
    needs: {
      application: '--application names whose tokens are given',
      issuer: '--issuer is the iss of the foreign tokens',
    },
    examples: [
      'strongroom federation add cluster --application strongroom-dev-consumer --issuer https://oidc.cluster.example --subject system:serviceaccount:payments:worker',
      "strongroom federation add ci --application strongroom-dev-consumer --issuer https://token.actions.githubusercontent.com --subject-pattern 'repo:org/name:ref:refs/heads/*'",
    ],
    explains: { ShapeError: '' },
    async run(options, [name]) {
      const { application, issuer, subject, 'subject-pattern': pattern, discovery, jwks, 'ca-file': caFile } = options;
      const who = subject ?? pattern;
      if (who === undefined || (subject !== undefined && pattern !== undefined)) {
        throw new UsageError('say who may exchange: either --subject or --subject-pattern');
      }
      if (discovery !== undefined && jwks !== undefined) throw new UsageError('either --discovery or --jwks');
      const { folder, directory } = await openDirectory(options.data);
      const keys =
        jwks === undefined
          ? { discovery: discovery ?? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration` }
          : { jwksUri: jwks };
      const credential: FederatedCredential = {
        name,
        application: applicationNamed(directory, application).appId,
        issuer,
        subject: who,
        match: subject === undefined ? 'pattern' : 'exact',
        ...keys,
        ...(caFile === undefined ? {} : { ca: readInput(caFile).toString('utf8').replaceAll('\r\n', '\n').trimEnd() }),
      };
      const before = await readCredentials(folder);
      await writeCredentials(folder, [...before, credential]);
      const { ca, ...shown } = credential;
      const unreachable = await tryIssuer({ issuer, keys, ...(ca === undefined ? {} : { ca }) }, fetchJwks);
      return {
        json: shown,
        text: `${who} of ${issuer} may exchange its tokens for those of ${application}\n`,
        note:
          unreachable === undefined
            ? ''
            : `It is added, but from here the issuer's keys cannot be fetched now: ${unreachable}\n`,
      };
    },
  }),
  command({
    name: 'federation list',
    summary: 'show which tokens of other issuers may be exchanged, and for whose',
    options: { ...dataOption, ...jsonOption },
    examples: ['strongroom federation list', 'strongroom federation list --json'],
    async run({ data }) {
      const { folder, directory } = await openDirectory(data);
      const rows = (await readCredentials(folder)).map(({ ca, ...each }) => ({
        ...each,
        applicationName: directory.applications.find(({ appId }) => appId === each.application)?.displayName ?? null,
        hasOwnAuthority: ca !== undefined,
      }));
      const lines = rows.map(
        ({ name, issuer, subject, match, application, applicationName }) =>
          `${name}: ${applicationName ?? application}\n  issuer ${issuer}\n  ${match} subject ${subject}\n`,
      );
      return { json: rows, text: lines.join('') || 'no token of another issuer may be exchanged\n' };
    },
  }),
  command({
    name: 'federation remove',
    summary: 'exchange tokens for a credential no longer',
    operands: 'NAME',
    wants: 'name one credential',
    details: `
From now on nothing is exchanged for it; tokens that were given work until they expire, an hour at most. To stop them at once,
take the application's role assignments away.`,
    options: dataOption,
    examples: ['strongroom federation remove cluster'],
    async run({ data }, [name]) {
      const { control } = placesWithData(data);
      const before = await readCredentials(control);
      const rest = before.filter((each) => each.name !== name);
      if (rest.length === before.length) {
        throw new CommandError(`there is no federated credential '${name.slice(0, 128)}'`);
      }
      await writeCredentials(control, rest);
      return `'${name}' is worth nothing any more\n`;
    },
  }),
];
