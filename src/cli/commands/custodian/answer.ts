// `strongroom custodian answer`: a custodian shows that their key is at hand.

import { readChallengeFile } from '../../../tools/custodian/inputs.ts';
import * as packets from '../../../tools/custodian/packets.ts';
import { command } from '../../command.ts';
import { handOut, holderOf, oneOperand, packetOptions, sayingOf } from './holder-options.ts';
import { orRefuse } from './refusals.ts';

export const answer = command({
  name: 'custodian answer',
  summary: 'sign a challenge, to show that you still have your key',
  operands: 'CHALLENGE',
  details: `
Signs the 32 random bytes of a challenge file with your key. No share is opened and no consent is given to anything.`,
  options: packetOptions,
  examples: ['strongroom custodian answer challenge.json --key anna.pem'],
  async run(values, operands, terminal) {
    const file = oneOperand(operands, 'one challenge file');
    await orRefuse(async () => {
      const challenge = await readChallengeFile(file);
      const holder = await holderOf(values, terminal);
      const packet = packets.answer(challenge, sayingOf(holder, values));
      const until = challenge.expires === undefined ? '' : ` by ${challenge.expires}`;
      await handOut(packet, 'answer', `Send the packet back${until}; it holds no secret.`, values, terminal);
    });
    return 0;
  },
});
