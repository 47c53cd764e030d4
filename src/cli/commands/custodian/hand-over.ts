// `strongroom custodian hand-over`: a custodian says that another person takes over.

import { readCertificateFile } from '../../../tools/custodian/fingerprint.ts';
import { readSentText } from '../../../tools/custodian/inputs.ts';
import * as packets from '../../../tools/custodian/packets.ts';
import { command, UsageError } from '../../command.ts';
import { handOut, holderOf, oneOperand, packetOptions, sayingOf } from './holder-options.ts';
import { orRefuse } from './refusals.ts';

export const handOver = command({
  name: 'custodian hand-over',
  summary: 'sign that another person takes over from you',
  operands: 'FILE',
  details: `
Without --successor: the key itself, its passphrase and its paper copy go to the person of --note, who then acknowledges with
it. Change the passphrase at that moment. With --successor the other has a key of their own, which counts only once the
security domain was shared anew; until then keep yours.`,
  options: {
    ...packetOptions,
    'successor FILE': "the other's certificate, if they have a key",
  },
  examples: ['strongroom custodian hand-over fin-prod-mhsm-sd.json --key anna.pem --note "to Dora Meier, key card 7"'],
  async run(values, operands, terminal) {
    const file = oneOperand(operands, 'the security-domain file');
    const { successor, note } = values;
    if (successor === undefined && note === undefined) {
      throw new UsageError('say who takes over: with --note, or their certificate with --successor');
    }
    await orRefuse(async () => {
      const document = await readSentText(file);
      const to = successor === undefined ? undefined : await readCertificateFile(successor);
      const holder = await holderOf(values, terminal);
      const packet = packets.handOver(document, to, sayingOf(holder, values));
      const next =
        to === undefined
          ? 'Send the packet to whoever keeps the register. Whoever has the key now should acknowledge with it.'
          : 'Send the packet to whoever keeps the register. Keep your key until the domain was shared anew.';
      await handOut(packet, 'hand-over', next, values, terminal);
    });
    return 0;
  },
});
