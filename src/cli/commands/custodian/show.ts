// `strongroom custodian show`: what a packet says and whether it holds, for whoever gets one.
import { printableJson } from '../../../formats/printable.ts';
import { describePacket } from '../../../tools/custodian/describe.ts';
import { groupedHash } from '../../../tools/custodian/fingerprint.ts';
import * as inputs from '../../../tools/custodian/inputs.ts';
import { readRecipient } from '../../../tools/custodian/recipient.ts';
import { command, jsonOption } from '../../command.ts';
import { oneOperand } from './holder-options.ts';
import { orRefuse } from './refusals.ts';

export const show = command({
  name: 'custodian show',
  summary: 'say in words what a custodian packet is, and whether it holds',
  operands: 'PACKET',
  details: `
Checks the signature, and what else can be checked against the files that are named. A share in the packet is for its
recipient alone and is not shown. The exit code is 0 when everything holds, 1 when something does not.`,
  options: {
    'domain FILE': 'security-domain file (or share list of a seal) that it should be about',
    'to FILE': 'certificate that it should be for',
    'challenge FILE': 'challenge that it should answer',
    ...jsonOption,
  },
  examples: [
    'strongroom custodian show anna-acknowledge.json --domain fin-prod-mhsm-sd.json',
    'strongroom custodian show anna-recover.json --domain fin-prod-mhsm-sd.json --to exchange.cer',
  ],
  async run({ domain, to, challenge, json }, operands, terminal) {
    const path = oneOperand(operands, 'one packet');
    const description = await orRefuse(async () =>
      describePacket(await inputs.readSentText(path), {
        document: domain === undefined ? undefined : await inputs.readSentText(domain),
        recipient: to === undefined ? undefined : readRecipient(to, await inputs.readSent(to)),
        challenge: challenge === undefined ? undefined : await inputs.readChallengeFile(challenge),
      }),
    );
    const { statement, subject, fingerprint, says, checks } = description;
    const holds = checks.every((each) => each.holds);
    if (json) {
      const { share: _share, ...shown } = { share: undefined, ...statement };
      terminal.out(printableJson({ holds, says, subject, fingerprint, statement: shown, checks }));
      return holds ? 0 : 1;
    }
    const rows: (readonly [string, string])[] = [
      ['custodian', subject],
      ['fingerprint', fingerprint],
      ['says', says],
      ['on', statement.at],
      ['about', `the file with the SHA-256 ${groupedHash(statement.domain)}`],
    ];
    if ('recipient' in statement && statement.recipient !== undefined) {
      rows.push(['recipient', groupedHash(statement.recipient)]);
    }
    if ('successors' in statement) {
      for (const each of statement.successors.thumbprints) rows.push(['successor', groupedHash(each)]);
    }
    if (statement.note !== undefined) rows.push(['note', statement.note]);
    for (const each of checks) rows.push([each.holds ? 'holds' : 'FAILS', each.what]);
    terminal.out(rows.map(([label, text]) => `${label.padEnd(13)}${text}\n`).join(''));
    return holds ? 0 : 1;
  },
});
