// `strongroom federation add`: tokens of another issuer may be exchanged for those of an application.

import { readFileSync } from 'node:fs';
import {
  type FederatedCredential,
  readCredentials,
  writeCredentials,
} from '../../../control/directory/federation/federated-credentials.ts';
import { places } from '../../../deployment/data-layout.ts';
import { fetchJwks } from '../../../features/auth/fetch-jwks.ts';
import { tryIssuer } from '../../../features/auth/try-issuer.ts';
import { printableJson } from '../../../formats/printable.ts';
import { ShapeError } from '../../../formats/shape.ts';
import { CommandError, command, dataOption, jsonOption, UsageError } from '../../command.ts';
import { dataRootOf } from '../../running.ts';
import { applicationNamed } from '../identity/named-application.ts';
import { directoryOf } from '../identity/named-identity.ts';

export const add = command({
  name: 'federation add',
  summary: "let a workload exchange another issuer's token for one of an application",
  operands: 'NAME',
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
  examples: [
    'strongroom federation add cluster --application strongroom-dev-consumer --issuer https://oidc.cluster.example --subject system:serviceaccount:payments:worker',
    "strongroom federation add ci --application strongroom-dev-consumer --issuer https://token.actions.githubusercontent.com --subject-pattern 'repo:org/name:ref:refs/heads/*'",
  ],
  async run(options, operands, terminal) {
    const [name, spare] = operands;
    if (name === undefined || spare !== undefined) throw new UsageError('give the credential one name');
    const { application, issuer, subject, 'subject-pattern': pattern, discovery, jwks, 'ca-file': caFile } = options;
    if (application === undefined) throw new UsageError('--application names whose tokens are given');
    if (issuer === undefined) throw new UsageError('--issuer is the iss of the foreign tokens');
    const who = subject ?? pattern;
    if (who === undefined || (subject !== undefined && pattern !== undefined)) {
      throw new UsageError('say who may exchange: either --subject or --subject-pattern');
    }
    if (discovery !== undefined && jwks !== undefined) throw new UsageError('either --discovery or --jwks');
    const { control } = places(dataRootOf(options.data));
    const credential: FederatedCredential = {
      name,
      application: applicationNamed(await directoryOf(control), application).appId,
      issuer,
      subject: who,
      match: subject === undefined ? 'pattern' : 'exact',
      ...(jwks === undefined
        ? { discovery: discovery ?? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration` }
        : { jwksUri: jwks }),
      ...(caFile === undefined ? {} : { ca: readPem(caFile) }),
    };
    try {
      await writeCredentials(control, [...(await readCredentials(control)), credential]);
    } catch (cause) {
      if (cause instanceof ShapeError) throw new CommandError(cause.message, { cause });
      throw cause;
    }
    const { ca, discovery: document, jwksUri = '' } = credential;
    const keys = document === undefined ? { jwksUri } : { discovery: document };
    const unreachable = await tryIssuer({ issuer, keys, ...(ca === undefined ? {} : { ca }) }, fetchJwks);
    if (unreachable !== undefined) {
      terminal.err(`It is added, but from here the issuer's keys cannot be fetched now: ${unreachable}\n`);
    }
    const { ca: _, ...shown } = credential;
    if (options.json) terminal.out(printableJson(shown));
    else terminal.out(`${who} of ${issuer} may exchange its tokens for those of ${application}\n`);
    return 0;
  },
});

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8').replaceAll('\r\n', '\n').trimEnd();
  } catch (cause) {
    throw new CommandError(`${file} cannot be read`, { cause });
  }
}
