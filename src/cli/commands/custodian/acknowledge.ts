// `strongroom custodian acknowledge`: a custodian opens their share and signs that they could.

import { readSentText } from '../../../tools/custodian/inputs.ts';
import * as packets from '../../../tools/custodian/packets.ts';
import { command } from '../../command.ts';
import { handOut, holderOf, oneOperand, packetOptions, sayingOf } from './holder-options.ts';
import { orRefuse } from './refusals.ts';

export const acknowledge = command({
  name: 'custodian acknowledge',
  summary: 'prove that your share of a security-domain file opens, and sign for it',
  operands: 'FILE',
  details: `
Opens your own share of the file, and no other, checks it against what the file commits to, and writes a small packet: your
signature, and a proof that only someone who opened this share can give. The share is not in the packet, and nobody learns it.`,
  options: packetOptions,
  examples: ['strongroom custodian acknowledge fin-prod-mhsm-sd.json --key anna.pem'],
  async run(values, operands, terminal) {
    const file = oneOperand(operands, 'one security-domain file');
    await orRefuse(async () => {
      const document = await readSentText(file);
      const holder = await holderOf(values, terminal);
      const packet = packets.acknowledge(document, sayingOf(holder, values));
      const next = 'Your share opens. Send the packet to whoever leads the ceremony; it holds no secret.';
      await handOut(packet, 'acknowledge', next, values, terminal);
    });
    return 0;
  },
});
