// What somebody has at hand, looked at offline: a packet, whether it holds; a security-domain file, whether it opens.
import { groupFingerprint } from '../../../formats/fingerprint.ts';
import { describePacket } from '../../../tools/custodian/describe.ts';
import * as files from '../../../tools/custodian/files.ts';
import { groupedHash } from '../../../tools/custodian/fingerprint.ts';
import { openDomainFile } from '../../../tools/custodian/open-domain.ts';
import { readRecipient } from '../../../tools/custodian/recipient.ts';
import { jsonOption, UsageError } from '../../command.ts';
import { labelled } from '../../show.ts';
import { passphrases } from './holder.ts';
import { custodianCommand, orRefuse } from './refusals.ts';

export const showPacket = custodianCommand({
  name: 'custodian show',
  summary: 'say in words what a custodian packet is, and whether it holds',
  operands: 'PACKET',
  wants: 'name one packet',
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
  async run({ domain, to, challenge }, [path]) {
    const { statement, subject, fingerprint, says, checks } = describePacket(await files.readSentText(path), {
      document: domain === undefined ? undefined : await files.readSentText(domain),
      recipient: to === undefined ? undefined : readRecipient(to, await files.readSent(to)),
      challenge: challenge === undefined ? undefined : await files.readChallengeFile(challenge),
    });
    const holds = checks.every((each) => each.holds);
    const { share: _share, ...shown } = { share: undefined, ...statement };
    const recipient = 'recipient' in statement ? statement.recipient : undefined;
    const successors = 'successors' in statement ? statement.successors.thumbprints : [];
    const rows: readonly (readonly [string, string | undefined])[] = [
      ['custodian', subject],
      ['fingerprint', fingerprint],
      ['says', says],
      ['on', statement.at],
      ['about', `the file with the SHA-256 ${groupedHash(statement.domain)}`],
      ['recipient', recipient === undefined ? undefined : groupedHash(recipient)],
      ...successors.map((each) => ['successor', groupedHash(each)] as const),
      ['note', statement.note],
      ...checks.map((each) => [each.holds ? 'holds' : 'FAILS', each.what] as const),
    ];
    return {
      json: { holds, says, subject, fingerprint, statement: shown, checks },
      text: labelled(rows, 13),
      exit: holds ? 0 : 1,
    };
  },
});

export const open = custodianCommand({
  name: 'custodian open',
  summary: 'prove that a security-domain file opens with the keys at hand',
  operands: 'FILE',
  wants: 'name one security-domain file',
  details: `
Opens the file with as many keys as its quorum asks for, checks that what is inside is whole and signed by the HSM, and
says of which HSM it is. Root keys are never printed or written. Beside each KEY.pem lies its certificate, KEY.cer.
One passphrase file is for all encrypted keys; of several the first is for the first encrypted key, and so on. Without
one, a terminal is asked.
The exit code is 0 when it opens, 1 when it does not.`,
  options: {
    'key KEY.pem...': "a custodian's private key; once for each",
    'passphrase-file FILE...': 'its first line decrypts the keys; or once for each encrypted key, in their order',
    ...jsonOption,
  },
  examples: ['strongroom custodian open fin-prod-mhsm-sd.json --key anna.pem --key boris.pem'],
  async run({ key: keys, 'passphrase-file': passphraseFiles }, [file], terminal) {
    if (keys.length === 0) throw new UsageError('name the private keys of a quorum with --key');
    if (passphraseFiles.length > keys.length) throw new UsageError('there are more passphrase files than keys');
    const passphraseOf = passphrases(passphraseFiles, terminal);
    const opened = await orRefuse(() => openDomainFile(file, keys, passphraseOf), 'it does not open: ');
    const { required, custodians, sharesUsed } = opened;
    const rows = {
      instance: `${opened.instanceName} (${opened.instanceId})`,
      made: opened.createdAt.toISOString(),
      downloaded: opened.downloadedAt.toISOString(),
      quorum: `${required} of ${custodians}, opened with shares ${sharesUsed.join(' and ')}`,
      holds: opened.tags.join(', '),
      fingerprint: groupFingerprint(opened.fingerprint),
      'log key': opened.verificationKey,
      'attests as': opened.attestationRoot,
    };
    return { json: opened, text: `The security domain opens.\n${labelled(Object.entries(rows), 12, '  ')}` };
  },
});
