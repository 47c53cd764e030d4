// Custodians in the register of an instance: whom of them a person means, what they hand in, and their challenges.
import { readPacket } from '../../../formats/custodian-packet.ts';
import { shortFingerprint } from '../../../formats/fingerprint.ts';
import { ownCommand } from '../../../formats/own-command.ts';
import { CUSTODIANS, type CustodianEntry, type Register, VERSION } from '../../../tools/ceremony/hsm.ts';
import { CommandError } from '../../command.ts';
import { explained } from '../../explained.ts';
import type { InstanceClient } from '../../instance-client.ts';
import { readInput } from '../../read-input.ts';

/**
 * Seen before it is sent, so that a file which is no packet is told apart from one that the HSM refuses.
 * @param before what is said before what is wrong with it @throws CommandError
 */
export function packetIn(file: string, before = '') {
  const text = readInput(file).toString('utf8');
  const { statement } = explained(() => readPacket(text), { ShapeError: before });
  return { purpose: statement.purpose, packet: JSON.parse(text) as unknown };
}

export interface OpenChallenge {
  readonly challenge: string;
  readonly domain: string | null;
  readonly madeAt: string;
  readonly expires: string;
  readonly answers?: readonly { readonly custodian: string; readonly at: string }[];
}

const CHALLENGES = `${CUSTODIANS}/challenges?${VERSION}`;

/** Newest first. @throws CommandError */
export async function readChallenges(client: InstanceClient): Promise<readonly OpenChallenge[]> {
  const { value } = (await client.ask('GET', CHALLENGES)) as { readonly value?: readonly OpenChallenge[] };
  if (!Array.isArray(value)) throw new CommandError(`${client.who} did not answer with challenges`);
  return value as readonly OpenChallenge[];
}

/** @param days how long it can be answered */
export async function makeChallenge(client: InstanceClient, days: number): Promise<OpenChallenge> {
  return (await client.ask('POST', CHALLENGES, { days })) as OpenChallenge;
}

/** As an administrator or their certificate calls them; a domain file calls nobody anything. */
export function nameOf({ name, subject, custodian }: CustodianEntry): string {
  return name ?? subject ?? `the one with the fingerprint ${shortFingerprint(custodian)}`;
}

/** How those who hold a share and are not named yet get a name; '': all have one. @param place where the register is, as options */
export function namingHint({ value }: Register, place: string): string {
  const unnamed = value.filter(({ name, subject, left }) => left === undefined && (name ?? subject) === undefined);
  if (unnamed.length === 0) return '';
  return (
    `${unnamed.length} of them ${unnamed.length === 1 ? 'has' : 'have'} no name yet: a domain file has certificates' fingerprints ` +
    `only. Compare these with the report of the ceremony that made the file; the first packet that they sign brings the name of their ` +
    `certificate ('${ownCommand(`custodian submit PACKET${place}`)}'), or write it down now:\n` +
    unnamed
      .map(({ fingerprint }) => `  ${ownCommand(`custodian name ${fingerprint.slice(0, 16)} --name NAME${place}`)}\n`)
      .join('')
  );
}

/**
 * @param place where the register is, as options
 * @param words a fingerprint as it is printed (hex, grouped or not), its beginning, or a name @throws CommandError
 */
export function findCustodian({ value }: Register, words: readonly string[], place: string): CustodianEntry {
  const given = words.join(' ').trim();
  const hex = given.replaceAll(/[\s:]/g, '').toLowerCase();
  const found = value.filter(
    ({ custodian, fingerprint, name, subject }) =>
      custodian === given || name === given || subject === given || (hex.length >= 8 && fingerprint.startsWith(hex)),
  );
  const [only, another] = found;
  if (only !== undefined && another === undefined) return only;
  throw new CommandError(
    only === undefined
      ? `the register has no custodian '${given}': '${ownCommand(`custodian list${place}`)}' shows whom it has`
      : `'${given}' is more than one custodian: give the fingerprint`,
  );
}
