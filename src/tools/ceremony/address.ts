// Where the HSM of a ceremony is, for the commands that its steps name.
import { optionWords } from '../../formats/own-command.ts';
import type { Ceremony } from './ceremony.ts';

/** As options that follow a command. */
export function addressOf({ settings: { address } }: Pick<Ceremony, 'settings'>): string {
  const { instance, data, url, ca } = address;
  return optionWords({ ...(url === undefined ? { 'hsm-name': instance, data } : { url }), ca });
}
