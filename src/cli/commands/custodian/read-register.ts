// The register of an instance as its public API shows it, and which custodian in it a person means.

import { shortFingerprint } from '../../../formats/domain-identity.ts';
import { ownCommand } from '../../../formats/own-command.ts';
import { isOneLine, printableLine } from '../../../formats/printable.ts';
import { CommandError } from '../../command.ts';
import type { InstanceClient } from '../../instance-client.ts';

export interface CustodianEntry {
  readonly custodian: string;
  readonly fingerprint: string;
  readonly state: string;
  readonly share: number;
  readonly since: string;
  readonly subject?: string;
  readonly name?: string;
  readonly contact?: string;
  readonly proven?: { readonly domain: string; readonly at: string };
  readonly answered?: string;
  readonly left?: string;
}

export interface RegisterAnswer {
  readonly domain: string | null;
  readonly domainFingerprint: string;
  readonly required?: number;
  readonly holders?: number;
  readonly reachable?: number;
  readonly margin?: number;
  readonly unproven?: number;
  readonly warnings: readonly string[];
  readonly value: readonly CustodianEntry[];
}

export const CUSTODIANS = '/securitydomain/custodians';
export const VERSION = 'api-version=7.5';

/**
 * Parts of it go into commands to paste and onto terminals, and who answers may not be the HSM: so nothing is taken that an HSM
 * would not keep.
 * @throws CommandError
 */
export async function readRegister(
  client: InstanceClient,
): Promise<{ readonly register: RegisterAnswer; readonly answer: unknown }> {
  const answer = await client.ask('GET', `${CUSTODIANS}?${VERSION}`);
  if (!isRegister(answer)) throw new CommandError(`${client.who} did not answer with a register of custodians`);
  return { register: { ...answer, warnings: answer.warnings.map(printableLine) }, answer };
}

function isRegister(answer: unknown): answer is RegisterAnswer {
  if (!isObject(answer)) return false;
  const { domain, domainFingerprint, required, holders, reachable, margin, unproven, warnings, value } = answer;
  return (
    (domain === null || isLine(domain)) &&
    isLine(domainFingerprint) &&
    /^[0-9a-f]{64}$/.test(domainFingerprint) &&
    [required, holders, reachable, margin, unproven].every((each) => each === undefined || Number.isInteger(each)) &&
    Array.isArray(warnings) &&
    warnings.every((each) => typeof each === 'string') &&
    Array.isArray(value) &&
    value.every(isEntry)
  );
}

function isEntry(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { custodian, fingerprint, state, share, since, subject, name, contact, proven, answered, left } = value;
  return (
    typeof custodian === 'string' &&
    /^[\w-]{43}$/.test(custodian) &&
    Buffer.from(custodian, 'base64url').toString('hex') === fingerprint &&
    Number.isInteger(share) &&
    [state, since].every(isLine) &&
    [subject, name, contact, answered, left].every((each) => each === undefined || isLine(each)) &&
    (proven === undefined || (isObject(proven) && isLine(proven['domain']) && isLine(proven['at'])))
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** As the HSM takes names. */
function isLine(value: unknown): value is string {
  return typeof value === 'string' && isOneLine(value);
}

/** As an administrator or their certificate calls them; a domain file calls nobody anything. */
export function nameOf({ name, subject, custodian }: CustodianEntry): string {
  return name ?? subject ?? `the one with the fingerprint ${shortFingerprint(custodian)}`;
}

/** How those who hold a share and are not named yet get a name; '': all have one. @param place where the register is, as options */
export function namingHint({ value }: RegisterAnswer, place: string): string {
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
export function findCustodian({ value }: RegisterAnswer, words: readonly string[], place: string): CustodianEntry {
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
