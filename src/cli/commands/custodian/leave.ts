// `strongroom custodian leave`: a custodian says that they must not be counted on.

import { readSentText } from '../../../tools/custodian/inputs.ts';
import * as packets from '../../../tools/custodian/packets.ts';
import { command } from '../../command.ts';
import { handOut, holderOf, oneOperand, packetOptions, sayingOf } from './holder-options.ts';
import { orRefuse } from './refusals.ts';

export const leave = command({
  name: 'custodian leave',
  summary: 'sign that you leave and must not be counted on any more',
  operands: 'FILE',
  details: `
It cannot be taken back. Your key still opens your share until the security domain was shared anew for others and the old
files were destroyed: keep it safe until then, and destroy it afterwards.`,
  options: packetOptions,
  examples: ['strongroom custodian leave fin-prod-mhsm-sd.json --key anna.pem --note "leaving the company in June"'],
  async run(values, operands, terminal) {
    const file = oneOperand(operands, 'the security-domain file');
    await orRefuse(async () => {
      const document = await readSentText(file);
      const holder = await holderOf(values, terminal);
      const packet = packets.leave(document, sayingOf(holder, values));
      const next = 'Send the packet to whoever keeps the register. Keep your key until the domain was shared anew.';
      await handOut(packet, 'leave', next, values, terminal);
    });
    return 0;
  },
});
