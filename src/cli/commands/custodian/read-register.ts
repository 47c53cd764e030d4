// The register of an instance as its public API shows it, and which custodian in it a person means.

import { ownCommand } from '../../../wire/own-command.ts';
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

/** @throws CommandError */
export async function readRegister(
  client: InstanceClient,
): Promise<{ readonly register: RegisterAnswer; readonly answer: unknown }> {
  const answer = await client.ask('GET', `${CUSTODIANS}?${VERSION}`);
  const register = answer as RegisterAnswer;
  if (!Array.isArray(register.value) || typeof register.domainFingerprint !== 'string') {
    throw new CommandError(`${client.who} did not answer with a register of custodians`);
  }
  return { register, answer };
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
