// What a step of a ceremony is. Steps do their work when they are called and say what is still missing; each may be cut off
// at any moment and called again.
import { optionWords, ownCommand } from '../../formats/own-command.ts';
import type { Ceremony } from './ceremony.ts';
import type { Asking, Pause } from './hsm.ts';
import type { Facts } from './journal.ts';

/** A file that a person named, as it was read. */
export interface GivenFile {
  readonly name: string;
  readonly content: Buffer;
}

export interface Given {
  readonly files: readonly GivenFile[];
  /** What a person typed. */
  readonly values: readonly string[];
  readonly pause: Pause;
}

/** The end of a step: what the journal says of it, and the person is told, where that is not the same. */
export interface Done {
  readonly done: string;
  readonly says?: string;
  readonly facts?: Facts | undefined;
}

export interface Step {
  readonly id: string;
  readonly title: string;
  readonly needs: 'files' | 'value' | 'nothing';
  /** May be left out, with a reason. */
  readonly optional?: boolean;
  /** What people have to do next, in words. */
  instruction(ceremony: Ceremony): string;
  /**
   * Notes what it does in the journal.
   * @returns what happened, for the person at the terminal; a text alone: something is still missing
   * @throws Refusal for what a person can set right
   */
  run(ceremony: Ceremony, given: Given, service: Asking): Promise<string | Done>;
  /** Fingerprints, hex, that people have to read elsewhere: until the step is over nothing that is shown here has them. */
  withheld?(ceremony: Ceremony): readonly string[];
}

/** Fact of a step's end: how many fingerprints were typed for it that did not match. */
export const FAILED_TRIES = 'failed.tries';

export function afterTries(failed: number): string {
  return `after ${failed} failed ${failed === 1 ? 'try' : 'tries'}`;
}

/** Its entries close the journal; they are not in the report. */
export const REPORT_STEP = 'report';

// Commands that a ceremony sends its people to, to be typed as they are printed: only words in capitals stand for something
// that they know and this does not.

/** Where the HSM is, as options that follow a command. */
export function addressOf({ settings: { address } }: Pick<Ceremony, 'settings'>): string {
  const { instance, data, url, ca } = address;
  return optionWords({ ...(url === undefined ? { 'hsm-name': instance, data } : { url }), ca });
}

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
