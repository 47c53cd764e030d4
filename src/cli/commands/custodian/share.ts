// `strongroom custodian share`: a custodian gives their share to one machine, for one purpose, knowing to which.

import { checkPurpose, consentRows } from '../../../tools/custodian/consent.ts';
import { readSent, readSentText } from '../../../tools/custodian/files.ts';
import { parseFingerprint } from '../../../tools/custodian/fingerprint.ts';
import { openOwnShare } from '../../../tools/custodian/own-share.ts';
import * as packets from '../../../tools/custodian/packets.ts';
import { type Recipient, readRecipient } from '../../../tools/custodian/recipient.ts';
import { CommandError, type Terminal, UsageError } from '../../command.ts';
import { canType } from '../../read-hidden.ts';
import { readTyped } from '../../read-typed.ts';
import { labelled } from '../../show.ts';
import { handOut, holderNeeds, packetOptions } from './holder.ts';
import { custodianCommand } from './refusals.ts';

const PURPOSES = '--purpose must be recover, reshare or unlock';

export const share = custodianCommand({
  name: 'custodian share',
  summary: 'give your share to a recovering, re-sharing or locked HSM, and to no other',
  operands: 'FILE',
  wants: 'name one security-domain file, or the share list of a seal',
  details: `
Opens your own share and encrypts it anew to the certificate of one HSM. Says what that means before anything is written,
and asks for the last eight digits of the recipient's fingerprint, which it does not show: have them read to you from the HSM
itself, because whoever made that certificate gets your share. For --purpose unlock, FILE is the share list of the seal; otherwise it is the security-domain file.`,
  needs: { ...holderNeeds, purpose: PURPOSES, to: "name the recipient's certificate with --to" },
  options: {
    ...packetOptions,
    'purpose PURPOSE': 'recover, reshare or unlock',
    'to FILE': 'certificate of the recipient: PEM, DER or JWK',
    'successor FILE...': 'certificate of a new custodian, once for each; with --purpose reshare',
    'required M': 'how many of the successors will be needed',
    'recipient-fingerprint HEX': "the recipient's fingerprint as it was read to you; another one is refused",
    yes: 'do not ask; needs --recipient-fingerprint',
  },
  examples: [
    'strongroom custodian share fin-prod-mhsm-sd.json --key anna.pem --purpose recover --to exchange.cer',
    'strongroom custodian share sd.json --key anna.pem --purpose reshare --to exchange.cer --required 2 \\\n' +
      '    --successor boris.cer --successor clara.cer --successor dora.cer',
  ],
  async run(values, [file], terminal) {
    const { to, yes, 'recipient-fingerprint': expected } = values;
    const purpose = readPurpose(values.purpose);
    if (yes && expected === undefined) throw new UsageError('--yes needs --recipient-fingerprint');
    const required = readRequired(purpose, values.successor, values.required);
    const document = await readSentText(file);
    const recipient = readRecipient(to, await readSent(to));
    if (expected !== undefined) checkFingerprint(expected, recipient);
    const certificates = await Promise.all(values.successor.map(async (path) => [path, await readSent(path)] as const));
    const named = required === undefined ? undefined : packets.readSuccessors(certificates, required);
    const give = async (saying: packets.Sentence): Promise<string> => {
      const own = openOwnShare(document, saying.holder);
      try {
        checkPurpose(purpose, document, own);
        const hideEnd = expected === undefined;
        const rows = consentRows({ purpose, file, document, own, recipient, hideEnd, named });
        terminal.err('You are about to give your share of the root keys away:\n');
        terminal.err(labelled(rows, 13, '  '));
        if (!yes) await confirm(recipient, terminal);
        return packets.share(own, purpose, recipient, named?.successors, saying);
      } finally {
        own.share.fill(0);
      }
    };
    const next = `Send the packet to whoever leads the ceremony. Only ${recipient.name} can open it.`;
    return handOut(purpose, give, next, values, terminal);
  },
});

function readPurpose(purpose: string): packets.Purpose {
  if (purpose === 'recover' || purpose === 'reshare' || purpose === 'unlock') return purpose;
  throw new UsageError(PURPOSES);
}

function readRequired(
  purpose: string,
  successors: readonly string[],
  required: string | undefined,
): number | undefined {
  if (purpose !== 'reshare') {
    if (successors.length === 0 && required === undefined) return undefined;
    throw new UsageError('--successor and --required go with --purpose reshare alone');
  }
  if (successors.length < 3 || successors.length > 10) {
    throw new UsageError('name the 3 to 10 certificates of the new custodians with --successor');
  }
  const count = Number(required);
  if (!Number.isInteger(count) || count < 2 || count > successors.length) {
    throw new UsageError(`--required must be from 2 to the number of successors (${successors.length})`);
  }
  return count;
}

function checkFingerprint(expected: string, recipient: Recipient): void {
  const hex = parseFingerprint(expected);
  if (hex === undefined) throw new UsageError('--recipient-fingerprint must be the whole fingerprint, 64 hex digits');
  if (hex === recipient.fingerprint.replaceAll(' ', '')) return;
  // Whoever were told the right one would give that next time, and nobody would have read it from the HSM.
  throw new CommandError(
    'the certificate has another fingerprint than the one you were told. Nothing was written. Have it read to you again ' +
      "from the HSM's own display, over another way; if nobody made a mistake, somebody is trying to get your share",
  );
}

async function confirm({ fingerprint }: Recipient, terminal: Terminal): Promise<void> {
  if (!canType()) {
    throw new CommandError('not at a terminal: give --yes and --recipient-fingerprint, or run this at a terminal');
  }
  const prompt = "To go on, type the last eight digits of the recipient's fingerprint as they were read to you";
  const typed = await readTyped(prompt, terminal);
  const last = fingerprint.replaceAll(' ', '').slice(-8);
  if (typed.replace(/\s/g, '').toLowerCase() === last) return;
  throw new CommandError('these are not the last eight digits: nothing was written');
}
