// What those who hold a share are called in a ceremony: by the certificate that they handed in, or as the HSM's register has
// them; and how somebody gets a name whom neither has.
import { ownCommand } from '../../../formats/own-command.ts';
import { addressOf } from '../address.ts';
import type { Ceremony } from '../ceremony.ts';
import { nameFact } from './register.ts';

export function names(ceremony: Ceremony, custodians: readonly string[]): readonly string[] {
  return custodians.map((custodian) => nameOf(ceremony, custodian) ?? digitsOf(custodian));
}

/** As their certificate or the HSM's register has it. */
function nameOf(ceremony: Ceremony, custodian: string): string | undefined {
  const seen = ceremony.entries.find(({ facts }) => facts?.['custodian'] === custodian && facts['name'] !== undefined);
  return ceremony.fact(nameFact(custodian)) ?? seen?.facts?.['name'];
}

/** As `custodian list` and `custodian name` know them, too. */
function digitsOf(custodian: string): string {
  return Buffer.from(custodian, 'base64url').toString('hex').slice(0, 8);
}

/** A domain file has no names, so after a recovery nobody but the people knows who has not handed anything in. */
export function namingHint(ceremony: Ceremony, custodians: readonly string[]): string {
  const unnamed = custodians.find((custodian) => nameOf(ceremony, custodian) === undefined);
  if (unnamed === undefined) return '';
  const naming = ownCommand(`custodian name ${digitsOf(unnamed)} --name "NAME"${addressOf(ceremony)}`);
  return ` (digits begin the fingerprint of somebody whose name is not known here: the report of the activation has it, and '${naming}' notes it)`;
}
