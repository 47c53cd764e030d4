// `strongroom federation list`: whose foreign tokens are exchanged for which application's.

import { readCredentials } from '../../../control/directory/federation/federated-credentials.ts';
import { places } from '../../../deployment/data-layout.ts';
import { printableJson } from '../../../formats/printable.ts';
import { command, dataOption, jsonOption } from '../../command.ts';
import { dataRootOf } from '../../running.ts';
import { directoryOf } from '../identity/named-identity.ts';

export const list = command({
  name: 'federation list',
  summary: 'show which tokens of other issuers may be exchanged, and for whose',
  operands: '',
  options: { ...dataOption, ...jsonOption },
  examples: ['strongroom federation list', 'strongroom federation list --json'],
  async run({ data, json }, _operands, terminal) {
    const { control } = places(dataRootOf(data));
    const { applications } = await directoryOf(control);
    const rows = (await readCredentials(control)).map(({ ca, ...each }) => ({
      ...each,
      applicationName: applications.find(({ appId }) => appId === each.application)?.displayName ?? null,
      hasOwnAuthority: ca !== undefined,
    }));
    if (json) terminal.out(printableJson(rows));
    else if (rows.length === 0) terminal.out('no token of another issuer may be exchanged\n');
    for (const { name, issuer, subject, match, application, applicationName } of json ? [] : rows) {
      terminal.out(`${name}: ${applicationName ?? application}\n  issuer ${issuer}\n  ${match} subject ${subject}\n`);
    }
    return 0;
  },
});
