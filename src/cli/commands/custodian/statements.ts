// What custodians say offline, each by a packet that they sign: acknowledge, answer, hand over, leave. Giving a share away is
// `share.ts`.
import { readChallengeFile, readSentText } from '../../../tools/custodian/files.ts';
import { readCertificateFile } from '../../../tools/custodian/fingerprint.ts';
import * as packets from '../../../tools/custodian/packets.ts';
import { UsageError } from '../../command.ts';
import { handOut, holderNeeds, packetOptions } from './holder.ts';
import { custodianCommand } from './refusals.ts';

export const acknowledge = custodianCommand({
  name: 'custodian acknowledge',
  summary: 'prove that your share of a security-domain file opens, and sign for it',
  operands: 'FILE',
  wants: 'name one security-domain file',
  details: `
Opens your own share of the file, and no other, checks it against what the file commits to, and writes a small packet: your
signature, and a proof that only someone who opened this share can give. The share is not in the packet, and nobody learns it.`,
  needs: holderNeeds,
  options: packetOptions,
  examples: ['strongroom custodian acknowledge fin-prod-mhsm-sd.json --key anna.pem'],
  async run(values, [file], terminal) {
    const document = await readSentText(file);
    const next = 'Your share opens. Send the packet to whoever leads the ceremony; it holds no secret.';
    return handOut('acknowledge', (saying) => packets.acknowledge(document, saying), next, values, terminal);
  },
});

export const answer = custodianCommand({
  name: 'custodian answer',
  summary: 'sign a challenge, to show that you still have your key',
  operands: 'CHALLENGE',
  wants: 'name one challenge file',
  details: `
Signs the 32 random bytes of a challenge file with your key. No share is opened and no consent is given to anything.`,
  needs: holderNeeds,
  options: packetOptions,
  examples: ['strongroom custodian answer challenge.json --key anna.pem'],
  async run(values, [file], terminal) {
    const challenge = await readChallengeFile(file);
    const until = challenge.expires === undefined ? '' : ` by ${challenge.expires}`;
    const next = `Send the packet back${until}; it holds no secret.`;
    return handOut('answer', (saying) => packets.answer(challenge, saying), next, values, terminal);
  },
});

const KEEP = 'Send the packet to whoever keeps the register. Keep your key until the domain was shared anew.';

export const handOver = custodianCommand({
  name: 'custodian hand-over',
  summary: 'sign that another person takes over from you',
  operands: 'FILE',
  wants: 'name the security-domain file',
  details: `
Without --successor: the key itself, its passphrase and its paper copy go to the person of --note, who then acknowledges with
it. Change the passphrase at that moment. With --successor the other has a key of their own, which counts only once the
security domain was shared anew; until then keep yours.`,
  needs: holderNeeds,
  options: { ...packetOptions, 'successor FILE': "the other's certificate, if they have a key" },
  examples: ['strongroom custodian hand-over fin-prod-mhsm-sd.json --key anna.pem --note "to Dora Meier, key card 7"'],
  async run(values, [file], terminal) {
    const { successor, note } = values;
    if (successor === undefined && note === undefined) {
      throw new UsageError('say who takes over: with --note, or their certificate with --successor');
    }
    const document = await readSentText(file);
    const to = successor === undefined ? undefined : await readCertificateFile(successor);
    const alone = 'Send the packet to whoever keeps the register. Whoever has the key now should acknowledge with it.';
    const next = to === undefined ? alone : KEEP;
    return handOut('hand-over', (saying) => packets.handOver(document, to, saying), next, values, terminal);
  },
});

export const leave = custodianCommand({
  name: 'custodian leave',
  summary: 'sign that you leave and must not be counted on any more',
  operands: 'FILE',
  wants: 'name the security-domain file',
  details: `
It cannot be taken back. Your key still opens your share until the security domain was shared anew for others and the old
files were destroyed: keep it safe until then, and destroy it afterwards.`,
  needs: holderNeeds,
  options: packetOptions,
  examples: ['strongroom custodian leave fin-prod-mhsm-sd.json --key anna.pem --note "leaving the company in June"'],
  async run(values, [file], terminal) {
    const document = await readSentText(file);
    return handOut('leave', (saying) => packets.leave(document, saying), KEEP, values, terminal);
  },
});
