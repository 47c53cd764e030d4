// `strongroom application certificate list`: which certificates the applications of the development directory sign in with.
import { X509Certificate } from 'node:crypto';
import { fingerprintOf, readAddedCertificates } from '../../../../control/directory/added-certificates.ts';
import { places } from '../../../../deployment/data-layout.ts';
import { printableJson, printableLine } from '../../../../formats/printable.ts';
import { command, dataOption, jsonOption } from '../../../command.ts';
import { dataRootOf } from '../../../running.ts';
import { directoryOf } from '../../identity/named-identity.ts';

export const listCertificates = command({
  name: 'application certificate list',
  summary: 'show the certificates that applications of the development directory sign in with',
  operands: '',
  options: { ...dataOption, ...jsonOption },
  examples: ['strongroom application certificate list'],
  async run({ data, json }, _operands, terminal) {
    const { control } = places(dataRootOf(data));
    const { applications } = await directoryOf(control);
    const added = await readAddedCertificates(control);
    const rows = applications.flatMap(({ appId, displayName, certificates }) =>
      [
        ...certificates.map(({ pem }) => ({ pem, from: 'directory' })),
        ...added.filter(({ application }) => application === appId).map(({ pem }) => ({ pem, from: 'command' })),
      ].map(({ pem, from }) => {
        const { subject, validToDate } = new X509Certificate(pem);
        return {
          application: displayName,
          appId,
          fingerprint: fingerprintOf(pem),
          subject: printableLine((subject ?? '').replaceAll('\n', ', ')),
          until: validToDate.toISOString(),
          from,
        };
      }),
    );
    if (json) terminal.out(printableJson(rows));
    else if (rows.length === 0) terminal.out('no application signs in with a certificate\n');
    for (const { application, fingerprint, subject, until, from } of json ? [] : rows) {
      terminal.out(`${application}  ${fingerprint}  (${from})\n  ${subject}, until ${until}\n`);
    }
    return 0;
  },
});
