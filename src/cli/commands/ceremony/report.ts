// What of a ceremony others rely on: its signed report, and the transfer key's fingerprint, which a second person asks of the HSM
// past whoever leads the ceremony.

import { fetchTransferKey } from '../../../tools/ceremony/hsm.ts';
import { draftOf, makeReport } from '../../../tools/ceremony/report/report.ts';
import { command, jsonOption } from '../../command.ts';
import { AnswerError, asOption, instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { folderOption, handOption, instanceIn, OF_FILES, withCeremony } from './open-folder.ts';

export const report = command({
  name: 'ceremony report',
  summary: 'close a ceremony with a signed report, in Markdown and as a page to print',
  operands: '',
  details: `
Every step must be done. The report is handed to the HSM, which records its hash and states it with the key of the security
domain; report.md and report.html in the folder hold the same. After that nothing can be added to the ceremony. Called again
it writes the same files again.`,
  options: {
    draft: 'print the report as it stands, unsigned, and change nothing',
    ...folderOption,
    ...handOption,
    ...asOption,
  },
  examples: ['strongroom ceremony report', 'strongroom ceremony report --draft'],
  explains: OF_FILES,
  run: (values) =>
    withCeremony(values, async (ceremony) => {
      if (values.draft) return draftOf(ceremony);
      const names = await makeReport(ceremony, () => instanceIn(ceremony, values.as));
      return names.map((name) => `${ceremony.folder}/${name}\n`).join('');
    }),
});

export const transferKey = command({
  name: 'ceremony transfer-key',
  summary: "ask an HSM for its transfer key's fingerprint, as a second person",
  operands: '',
  details: `
For whoever reads the fingerprint back in a recovery or a re-sharing: it comes from the HSM itself, and not from the file that
whoever leads the ceremony has sent. Works without the ceremony's folder, from any machine; nothing is changed. The certificate
is the same until the HSM has recovered its domain or settled its new custodians.`,
  options: { ...instanceOptions, ...jsonOption },
  examples: [
    'strongroom ceremony transfer-key --hsm-name west',
    'strongroom ceremony transfer-key --url https://west.managedhsm.example --ca ca.pem',
  ],
  async run(values) {
    const client = openInstanceClient(values);
    const what = `what ${client.who} answered`;
    // An HSM that waits for a domain shows its key at one place, one that serves at another.
    const { fingerprint, name } = await fetchTransferKey(client, what, 'upload').catch((error: unknown) => {
      if (!(error instanceof AnswerError && error.status === 409)) throw error;
      return fetchTransferKey(client, what, 'resharing');
    });
    const hint = `transfer key of ${name}, as ${client.who} shows it\n`;
    return { json: { fingerprint, name }, text: `${fingerprint}\n`, hint };
  },
});
