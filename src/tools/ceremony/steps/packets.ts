// Steps that take custodians' packets: acknowledgements, which go to the register one by one, and shares for a recovering
// or re-sharing HSM, of which a quorum is gathered first.

import { join } from 'node:path';
import { type CustodianPacket, readPacket } from '../../../formats/custodian-packet.ts';
import type { PacketPurpose } from '../../../formats/custodian-statement.ts';
import { shortFingerprint } from '../../../formats/fingerprint.ts';
import { optionWords, ownCommand } from '../../../formats/own-command.ts';
import { oneLine } from '../../../formats/printable.ts';
import { orThrow, Refusal } from '../../../formats/refusal.ts';
import { parseSecurityDomain } from '../../../formats/security-domain.ts';
import { ShapeError } from '../../../formats/shape.ts';
import { hexOf } from '../../custodian/fingerprint.ts';
import type { Ceremony } from '../ceremony.ts';
import { handIn, type Register, readRegister } from '../hsm.ts';
import { type Facts } from '../journal.ts';
import { addressOf, custodianCommand, type GivenFile, nextCommand, type Step } from '../step.ts';
import { CERTIFICATES, peopleOf, personOf } from './certificates.ts';

/** The certificate that shares are encrypted to. */
export const TRANSFER_FILE = 'transfer-key.cer';

/** Each custodian shows that their share opens. @param optional those who are not here may be left out, with a reason */
export function acknowledge(optional: boolean): Step {
  return {
    id: 'acknowledge',
    title: 'Prove every share',
    needs: 'files',
    optional,
    instruction: (ceremony) =>
      `Each custodian has a copy of ${join(ceremony.folder, domainFileOf(ceremony))}, runs ` +
      `${custodianCommand(`acknowledge ${domainFileOf(ceremony)}`)}, and hands over the packet. ` +
      `Missing: ${names(ceremony, missingIn(ceremony))}${namingHint(ceremony, missingIn(ceremony))}. Give them with ` +
      `${nextCommand(ceremony, '--file PACKET')}, --file once for each.` +
      (optional ? ` Whoever cannot be reached is left out: ${nextCommand(ceremony, '--skip "REASON"')}.` : ''),
    async run(ceremony, { files }, service) {
      const twice: string[] = [];
      // Names that the register was given since the last packet.
      const known = files.length === 0 ? {} : namesIn(await readRegister(service));
      for (const file of files) {
        const packet = requirePacket(ceremony, file, 'acknowledge');
        const { custodian } = packet.statement;
        if (!missingIn(ceremony).includes(custodian)) {
          twice.push(hereAlready(ceremony, file, custodian));
          continue;
        }
        await handIn(service, JSON.parse(file.content.toString('utf8')));
        await keepPacket(ceremony, 'acknowledge', file, packet, known);
      }
      const missing = missingIn(ceremony);
      if (missing.length > 0) return [...twice, `shares not yet proven: ${names(ceremony, missing)}`].join('\n');
      const done = 'every share was shown to open';
      return { done, says: [...twice, done].join('\n') };
    },
  };
}

/** A quorum of shares, encrypted to the HSM's transfer key. */
export function gather(purpose: 'recover' | 'reshare'): Step {
  return {
    id: 'packets',
    title: "Gather a quorum of the custodians' packets",
    needs: 'files',
    instruction: (ceremony) =>
      `${shareInstruction(purpose, ceremony)} ${ceremony.of('packets', 'file').length} of ${ceremony.requireFact('quorum')} are here. ` +
      `Give them with ${nextCommand(ceremony, '--file PACKET')}, --file once for each.`,
    async run(ceremony, { files }) {
      const required = Number(ceremony.requireFact('quorum'));
      const twice: string[] = [];
      for (const file of files) {
        const packet = requirePacket(ceremony, file, purpose);
        checkAddressed(ceremony, file.name, packet);
        const { custodian } = packet.statement;
        const present = ceremony.of('packets', 'file').map(({ facts }) => facts?.['custodian']);
        if (present.includes(custodian)) twice.push(hereAlready(ceremony, file, custodian));
        else await keepPacket(ceremony, 'packets', file, packet);
      }
      const count = ceremony.of('packets', 'file').length;
      if (count < required) return [...twice, `${count} of ${required} packets are here`].join('\n');
      return { done: `${count} packets, ${required} needed`, says: [...twice, 'a quorum is here'].join('\n') };
    },
  };
}

/** What custodians are sent and run to give their share: the command as they can type it beside the files that they were sent. */
function shareInstruction(purpose: 'recover' | 'reshare', ceremony: Ceremony): string {
  const domainFile = domainFileOf(ceremony);
  const sent = `${join(ceremony.folder, TRANSFER_FILE)} (and ${join(ceremony.folder, domainFile)}, which they keep as well)`;
  const words = `share ${domainFile} --purpose ${purpose} --to ${TRANSFER_FILE}`;
  if (purpose === 'recover') {
    return `Send each custodian ${sent}. Each runs ${custodianCommand(words)} and hands over the packet.`;
  }
  const successors = peopleOf(ceremony).map(({ file }) => optionWords({ successor: file }));
  const named = `${words} --required ${ceremony.settings.required ?? 2}${successors.join('')}`;
  return (
    `Send each present custodian ${sent}, and the folder ${join(ceremony.folder, CERTIFICATES)}. Each runs, beside these, ` +
    `${custodianCommand(named)} and hands over the packet.`
  );
}

export function packetsIn(ceremony: Ceremony): readonly unknown[] {
  return ceremony
    .of('packets', 'file')
    .map(({ file }) => JSON.parse(ceremony.read(file?.name ?? '').toString('utf8')) as unknown);
}

/** Successors as packets name them. */
export function successorsOf(ceremony: Ceremony): { readonly required: number; readonly thumbprints: string[] } {
  const thumbprints = peopleOf(ceremony).map(({ custodian }) => custodian);
  return { required: ceremony.settings.required ?? 2, thumbprints: thumbprints.toSorted() };
}

/** Judged here before it goes anywhere, so that its custodian can be asked again while they are present. */
function requirePacket(ceremony: Ceremony, { name, content }: GivenFile, purpose: PacketPurpose): CustodianPacket {
  const packet = orThrow(
    () => readPacket(content.toString('utf8')),
    (cause) => new Refusal(`${name}: ${cause.message}`, { cause }),
    ShapeError,
  );
  const { statement } = packet;
  if (statement.purpose !== purpose) {
    throw new Refusal(`${name}: is a packet of purpose '${statement.purpose}', not '${purpose}'`);
  }
  if (statement.domain !== ceremony.requireFact('domain')) {
    const own = ceremony.requireFact('domain');
    throw new Refusal(
      `${name}: is about another domain file (SHA-256 ${shortFingerprint(statement.domain)}) than the one of this ceremony ` +
        `(${shortFingerprint(own)}): send its custodian ${join(ceremony.folder, domainFileOf(ceremony))}, and have the packet made again`,
    );
  }
  if (!holdersOf(ceremony).includes(statement.custodian)) {
    throw new Refusal(`${name}: is of somebody who has no share in this domain file`);
  }
  return packet;
}

function checkAddressed(ceremony: Ceremony, name: string, { statement }: CustodianPacket): void {
  if (statement.purpose !== 'recover' && statement.purpose !== 'reshare') return;
  if (statement.recipient !== ceremony.requireFact('recipient')) {
    throw new Refusal(
      `${name}: the share is encrypted to another key (${shortFingerprint(statement.recipient)}) than this HSM's transfer key ` +
        `(${shortFingerprint(ceremony.requireFact('recipient'))}): send its custodian ${join(ceremony.folder, TRANSFER_FILE)}, and ` +
        'have the packet made again',
    );
  }
  if (statement.purpose !== 'reshare') return;
  const { required, thumbprints } = successorsOf(ceremony);
  const { successors } = statement;
  if (successors.required !== required || successors.thumbprints.join() !== thumbprints.join()) {
    throw new Refusal(`${name}: consents to other successors, or to another quorum, than those of this ceremony`);
  }
}

async function keepPacket(
  ceremony: Ceremony,
  step: string,
  { content }: GivenFile,
  { statement, certificate }: CustodianPacket,
  more: Facts = {},
): Promise<void> {
  const { custodian, fingerprint, name } = personOf(certificate);
  const note = statement.note === undefined ? '' : `: ${oneLine(statement.note)}`;
  const text = `${statement.purpose} of ${name}, signed on ${statement.at}${note}`;
  const path = `packets/${statement.purpose}-${fingerprint.slice(0, 16)}.json`;
  const file = await ceremony.keep(path, 'input', content);
  const facts = { ...more, custodian, name, fingerprint, signed: statement.at };
  ceremony.add({ step, what: 'file', text, file, facts });
}

function missingIn(ceremony: Ceremony): readonly string[] {
  const seen = new Set(ceremony.of('acknowledge', 'file').map(({ facts }) => facts?.['custodian']));
  return holdersOf(ceremony).filter((custodian) => !seen.has(custodian));
}

/** x5t#S256 of those who have a share in the domain file that is in effect. */
export function holdersOf(ceremony: Ceremony): readonly string[] {
  const document = ceremony.read(domainFileOf(ceremony)).toString('utf8');
  return parseSecurityDomain(document).SharedKeys.enc_shares.map(({ x5t_256 }) => x5t_256);
}

/** The domain file that is in effect, in the ceremony's folder. */
function domainFileOf(ceremony: Ceremony): string {
  return ceremony.entries.findLast(({ facts }) => facts?.['domain'] !== undefined)?.file?.name ?? '';
}

function hereAlready(ceremony: Ceremony, { name }: GivenFile, custodian: string): string {
  return `${name}: a packet of ${names(ceremony, [custodian])} is here already, and this one is not needed`;
}

// Names: by the certificate that somebody handed in, or as the HSM's register has them; and how somebody gets one whom neither has.

/** What people call those who hold a share, for the steps after this. */
export function namesIn({ value }: Register): Facts {
  const called = value
    .filter(({ left }) => left === undefined)
    .map(({ custodian, name, subject }) => [`name.${custodian}`, name ?? subject] as const);
  return Object.fromEntries(called.flatMap(([fact, name]) => (name === undefined ? [] : [[fact, oneLine(name)]])));
}

function names(ceremony: Ceremony, custodians: readonly string[]): string {
  return custodians.map((custodian) => nameOf(ceremony, custodian) ?? digitsOf(custodian)).join(', ');
}

function nameOf(ceremony: Ceremony, custodian: string): string | undefined {
  const seen = ceremony.entries.find(({ facts }) => facts?.['custodian'] === custodian && facts['name'] !== undefined);
  return ceremony.fact(`name.${custodian}`) ?? seen?.facts?.['name'];
}

/** As `custodian list` and `custodian name` know them, too. */
function digitsOf(custodian: string): string {
  return hexOf(custodian).slice(0, 8);
}

/** A domain file has no names, so after a recovery nobody but the people knows who has not handed anything in. */
function namingHint(ceremony: Ceremony, custodians: readonly string[]): string {
  const unnamed = custodians.find((custodian) => nameOf(ceremony, custodian) === undefined);
  if (unnamed === undefined) return '';
  const naming = ownCommand(`custodian name ${digitsOf(unnamed)} --name "NAME"${addressOf(ceremony)}`);
  return ` (digits begin the fingerprint of somebody whose name is not known here: the report of the activation has it, and '${naming}' notes it)`;
}
