// The steps of a recovery that is rehearsed: each is timed, and one that fails says who or what is at fault. Only what is found
// to be so that a recovery would suffer from it is a failure; whatever else ends a rehearsal says nothing of a recovery.
import { oneLine } from '../../formats/printable.ts';
import { type RehearsalProblem, type RehearsalStep } from '../../formats/rehearsal-record.ts';
import { CommandError, type Terminal } from '../command.ts';

/** A finding: a recovery would suffer from it. It alone makes a record that says FAILED. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
  readonly problem: RehearsalProblem;
  constructor({ kind, name, problem, next }: RehearsalProblem, options?: ErrorOptions) {
    super(`${name}: ${problem}`, options);
    this.problem = { kind, name: oneLine(name), problem: oneLine(problem), next: oneLine(next) };
  }
}

/** The rehearsal could not be done: the call, a right, the samples or the machine is at fault. */
export class NotRehearsed extends CommandError {
  constructor(problem: string, next: string, options?: ErrorOptions) {
    super(
      `${oneLine(problem)}; next: ${oneLine(next)}. This says nothing of a recovery, and nothing is filed`,
      options,
    );
  }
}

export class Steps {
  readonly #terminal: Terminal;
  readonly #done: RehearsalStep[] = [];

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  get list(): readonly RehearsalStep[] {
    return this.#done;
  }

  /** What all steps took that were not spent waiting for people. */
  get milliseconds(): number {
    return this.#done.filter(({ name }) => name !== WAITING).reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  }

  /**
   * @param next what to do when it fails for a reason that the step itself does not know
   * @throws StepFailed for a finding of the step; NotRehearsed for anything else
   */
  async run<T>(name: string, next: string, work: () => Promise<T>, detail?: (result: T) => string): Promise<T> {
    const began = performance.now();
    const took = (): number => Math.round(performance.now() - began);
    const say = (before: string, after = ''): void =>
      this.#terminal.err(`  ${name}: ${before}${(took() / 1000).toFixed(2)} s${after}\n`);
    try {
      const result = await work();
      const more = detail === undefined ? {} : { detail: oneLine(detail(result)) };
      this.#done.push({ name, milliseconds: took(), outcome: 'done', ...more });
      say('', more.detail === undefined ? '' : ` (${more.detail})`);
      return result;
    } catch (error) {
      if (error instanceof StepFailed) {
        this.#done.push({ name, milliseconds: took(), outcome: 'failed' });
        say('FAILED after ');
        throw error;
      }
      say('not done, given up after ');
      if (error instanceof NotRehearsed) throw error;
      throw new NotRehearsed(`${name}: ${messageOf(error)}`, next, { cause: error });
    }
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The one step that takes as long as people do. */
export const WAITING = 'gather the shares';

/** A file is at fault, or what is in it. */
export function fileFailed(name: string, problem: string, next: string, cause?: unknown): StepFailed {
  return new StepFailed({ kind: 'file', name, problem, next }, { cause });
}
