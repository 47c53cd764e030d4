// `strongroom custodian fingerprint`: what people read to each other to know that they mean the same certificate.
import { printableJson } from '../../../formats/printable.ts';
import { spelled, subjectOf } from '../../../tools/custodian/fingerprint.ts';
import { readSent } from '../../../tools/custodian/inputs.ts';
import { readRecipient } from '../../../tools/custodian/recipient.ts';
import { command, jsonOption } from '../../command.ts';
import { oneOperand } from './holder-options.ts';
import { orRefuse } from './refusals.ts';

export const fingerprint = command({
  name: 'custodian fingerprint',
  summary: 'say the fingerprint of a certificate, to be compared by voice',
  operands: 'CERTIFICATE',
  details: `
Prints the SHA-256 of a certificate in groups of four: your own before the ceremony, that of a recovering instance before
you give it your share. Compare it over another way than the one the file came by.`,
  options: {
    aloud: 'spell it, a group on a line, as it is read over the telephone',
    ...jsonOption,
  },
  examples: ['strongroom custodian fingerprint anna.cer', 'strongroom custodian fingerprint exchange.cer --aloud'],
  async run({ aloud, json }, operands, terminal) {
    const path = oneOperand(operands, 'one certificate');
    const {
      certificate,
      fingerprint: grouped,
      thumbprint,
    } = await orRefuse(async () => readRecipient(path, await readSent(path)));
    const { validTo } = certificate;
    const subject = subjectOf(certificate);
    if (json) {
      const ends = new Date(validTo).toISOString();
      terminal.out(printableJson({ fingerprint: grouped, thumbprint, subject, validTo: ends }));
    } else if (aloud) terminal.out(`${spelled(grouped).join('\n')}\n`);
    else {
      terminal.out(`${grouped}\n`);
      terminal.err(`${subject}, valid until ${validTo}; as x5t#S256 ${thumbprint}\n`);
    }
    return 0;
  },
});
