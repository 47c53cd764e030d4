// `strongroom ceremony transfer-key`: a second person asks an HSM for its transfer key, past whoever leads the ceremony.
import { printableJson } from '../../../formats/printable.ts';
import { readRecipient } from '../../../tools/custodian/recipient.ts';
import { command, jsonOption } from '../../command.ts';
import { AnswerError, type InstanceClient, instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { VERSION } from '../custodian/read-register.ts';

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
  async run(values, _operands, terminal) {
    const client = openInstanceClient(values);
    const answer = Buffer.from(JSON.stringify(await ask(client)), 'utf8');
    const { fingerprint, name } = readRecipient(`what ${client.who} answered`, answer);
    if (values.json) terminal.out(printableJson({ fingerprint, name }));
    else {
      terminal.out(`${fingerprint}\n`);
      terminal.err(`transfer key of ${name}, as ${client.who} shows it\n`);
    }
    return 0;
  },
});

/** An HSM that waits for a domain shows its key at one place, one that serves at another. */
async function ask(client: InstanceClient): Promise<unknown> {
  try {
    return await client.ask('GET', `/securitydomain/upload?${VERSION}`);
  } catch (error) {
    if (!(error instanceof AnswerError && error.status === 409)) throw error;
    return client.ask('GET', `/securitydomain/resharing?${VERSION}`);
  }
}
