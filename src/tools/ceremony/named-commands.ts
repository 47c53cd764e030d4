// Commands that a ceremony sends its people to, to be typed as they are printed: only words in capitals stand for something
// that they know and this does not.
import { optionWords, ownCommand } from '../../formats/own-command.ts';
import type { Ceremony } from './ceremony.ts';

/** @param given what this step is given, as options */
export function nextCommand({ folder }: Ceremony, given: string): string {
  return `'${ownCommand(`ceremony next${optionWords({ folder })} ${given}`)}'`;
}

export function noteCommand({ folder }: Ceremony): string {
  return `'${ownCommand(`ceremony note "TEXT"${optionWords({ folder })}`)}'`;
}

/** Of a custodian, on their own machine. @param words the command's own, with the names of files that they were sent */
export function custodianCommand(words: string): string {
  return `'${ownCommand(`custodian ${words} --key KEY.pem`)}' (KEY.pem: their private key)`;
}
