// Steps that take custodians' packets: acknowledgements, which go to the register one by one, and shares for a recovering
// or re-sharing HSM, of which a quorum is gathered first.

import { join } from 'node:path';
import { type CustodianPacket, PacketError, readPacket } from '../../../formats/custodian-packet.ts';
import type { PacketPurpose } from '../../../formats/custodian-statement.ts';
import { shortFingerprint } from '../../../formats/domain-identity.ts';
import { oneLine } from '../../../formats/printable.ts';
import { parseSecurityDomain } from '../../../formats/security-domain.ts';
import type { Ceremony } from '../ceremony.ts';
import { CeremonyError } from '../ceremony-error.ts';
import type { Facts } from '../journal.ts';
import { custodianCommand, nextCommand } from '../named-commands.ts';
import { peopleOf, readCertificate } from '../people.ts';
import { type GivenFile, type Step, VERSION } from '../step.ts';
import { names, namingHint } from './holder-names.ts';
import { namesIn, readRegister } from './register.ts';
import { shareInstruction } from './share-instruction.ts';
import { TRANSFER_FILE } from './transfer-key.ts';

/** Each custodian shows that their share opens. @param optional those who are not here may be left out, with a reason */
export function acknowledge(optional: boolean): Step {
  return {
    id: 'acknowledge',
    title: 'Prove every share',
    needs: 'files',
    ...(optional ? { optional: true as const } : {}),
    instruction: (ceremony) =>
      `Each custodian has a copy of ${join(ceremony.folder, domainFileOf(ceremony))}, runs ` +
      `${custodianCommand(`acknowledge ${domainFileOf(ceremony)}`)}, and hands over the packet. ` +
      `Missing: ${names(ceremony, missingIn(ceremony)).join(', ')}${namingHint(ceremony, missingIn(ceremony))}. Give them with ` +
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
        await service.ask('POST', `/securitydomain/custodians/packets?${VERSION}`, {
          packet: JSON.parse(file.content.toString('utf8')) as unknown,
        });
        await keepPacket(ceremony, 'acknowledge', file, packet, known);
      }
      const missing = missingIn(ceremony);
      if (missing.length > 0)
        return [...twice, `shares not yet proven: ${names(ceremony, missing).join(', ')}`].join('\n');
      ceremony.add({ step: 'acknowledge', what: 'done', text: 'every share was shown to open' });
      return [...twice, 'every share was shown to open'].join('\n');
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
      `${shareInstruction(purpose, ceremony, domainFileOf(ceremony))} ${ceremony.of('packets', 'file').length} of ${ceremony.requireFact('quorum')} are here. ` +
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
      ceremony.add({ step: 'packets', what: 'done', text: `${count} packets, ${required} needed` });
      return [...twice, 'a quorum is here'].join('\n');
    },
  };
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
  let packet: CustodianPacket;
  try {
    packet = readPacket(content.toString('utf8'));
  } catch (error) {
    if (error instanceof PacketError) throw new CeremonyError(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
  const { statement } = packet;
  if (statement.purpose !== purpose) {
    throw new CeremonyError(`${name}: is a packet of purpose '${statement.purpose}', not '${purpose}'`);
  }
  if (statement.domain !== ceremony.requireFact('domain')) {
    const own = ceremony.requireFact('domain');
    throw new CeremonyError(
      `${name}: is about another domain file (SHA-256 ${shortFingerprint(statement.domain)}) than the one of this ceremony ` +
        `(${shortFingerprint(own)}): send its custodian ${join(ceremony.folder, domainFileOf(ceremony))}, and have the packet made again`,
    );
  }
  if (!holdersOf(ceremony).includes(statement.custodian)) {
    throw new CeremonyError(`${name}: is of somebody who has no share in this domain file`);
  }
  return packet;
}

function checkAddressed(ceremony: Ceremony, name: string, { statement }: CustodianPacket): void {
  if (statement.purpose !== 'recover' && statement.purpose !== 'reshare') return;
  if (statement.recipient !== ceremony.requireFact('recipient')) {
    throw new CeremonyError(
      `${name}: the share is encrypted to another key (${shortFingerprint(statement.recipient)}) than this HSM's transfer key ` +
        `(${shortFingerprint(ceremony.requireFact('recipient'))}): send its custodian ${join(ceremony.folder, TRANSFER_FILE)}, and ` +
        'have the packet made again',
    );
  }
  if (statement.purpose !== 'reshare') return;
  const { required, thumbprints } = successorsOf(ceremony);
  const { successors } = statement;
  if (successors.required !== required || successors.thumbprints.join() !== thumbprints.join()) {
    throw new CeremonyError(`${name}: consents to other successors, or to another quorum, than those of this ceremony`);
  }
}

async function keepPacket(
  ceremony: Ceremony,
  step: string,
  { content }: GivenFile,
  { statement, certificate }: CustodianPacket,
  more: Facts = {},
): Promise<void> {
  const { person } = readCertificate('packet', certificate.raw);
  const name = `packets/${statement.purpose}-${person.fingerprint.slice(0, 16)}.json`;
  const note = statement.note === undefined ? '' : `: ${oneLine(statement.note)}`;
  ceremony.add({
    step,
    what: 'file',
    text: `${statement.purpose} of ${person.name}, signed on ${statement.at}${note}`,
    file: await ceremony.keep(name, 'input', content),
    facts: {
      ...more,
      custodian: statement.custodian,
      name: person.name,
      fingerprint: person.fingerprint,
      signed: statement.at,
    },
  });
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
  return `${name}: a packet of ${names(ceremony, [custodian]).join()} is here already, and this one is not needed`;
}
