// What a step of a ceremony is. Steps do their work when they are called and say what is still missing; each may be cut off
// at any moment and called again.
import type { Ceremony } from './ceremony.ts';

/** The public API of the instance. */
export interface Asking {
  /** @throws when the service refuses, with all that it said and its `status` */
  ask(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<unknown>;
}

/** A file that a person named, as it was read. */
export interface GivenFile {
  readonly name: string;
  readonly content: Buffer;
}

export interface Given {
  readonly files: readonly GivenFile[];
  /** What a person typed. */
  readonly values: readonly string[];
  /** Between two questions about something that takes its time. */
  readonly pause: () => Promise<void>;
}

export type Needs = 'files' | 'value' | 'nothing';

export interface Step {
  readonly id: string;
  readonly title: string;
  readonly needs: Needs;
  /** May be left out, with a reason. */
  readonly optional?: true;
  /** What people have to do next, in words. */
  instruction(ceremony: Ceremony): string;
  /**
   * Notes what it does in the journal, and `done` at the end.
   * @returns what happened, for the person at the terminal
   * @throws CeremonyError for what a person can set right
   */
  run(ceremony: Ceremony, given: Given, service: Asking): Promise<string>;
  /** Fingerprints, hex, that people have to read elsewhere: until the step is over nothing that is shown here has them. */
  withheld?(ceremony: Ceremony): readonly string[];
}

/** Fact of a step's end: how many fingerprints were typed for it that did not match. */
export const FAILED_TRIES = 'failed.tries';

export function afterTries(failed: number): string {
  return `after ${failed} failed ${failed === 1 ? 'try' : 'tries'}`;
}

export const VERSION = 'api-version=7.5';

/** Its entries close the journal; they are not in the report. */
export const REPORT_STEP = 'report';
