// The steps of a recovery that is rehearsed: each is timed, and one that fails says who or what is at fault.
import { oneLine } from '../../formats/printable.ts';
import { type RehearsalProblem, type RehearsalStep } from '../../formats/rehearsal-record.ts';
import type { Terminal } from '../command.ts';

/** A step failed for a reason that a person can act on. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
  readonly problem: RehearsalProblem;
  constructor(problem: RehearsalProblem, options?: ErrorOptions) {
    super(`${problem.name}: ${problem.problem}`, options);
    this.problem = {
      ...problem,
      name: oneLine(problem.name),
      problem: oneLine(problem.problem),
      next: oneLine(problem.next),
    };
  }
}

export class Steps {
  readonly #terminal: Terminal;
  readonly #done: RehearsalStep[] = [];
  #problem: RehearsalProblem | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  get list(): readonly RehearsalStep[] {
    return this.#done;
  }

  /** Of the step that failed. */
  get problem(): RehearsalProblem | undefined {
    return this.#problem;
  }

  /** What all steps took that were not spent waiting for people. */
  get milliseconds(): number {
    return this.#done.filter(({ name }) => name !== WAITING).reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  }

  /**
   * @param next what to do when it fails for a reason that the step itself does not know
   * @throws StepFailed
   */
  async run<T>(name: string, next: string, work: () => Promise<T>, detail?: (result: T) => string): Promise<T> {
    const began = performance.now();
    const took = (): number => Math.round(performance.now() - began);
    try {
      const result = await work();
      const more = detail === undefined ? {} : { detail: oneLine(detail(result)) };
      this.#done.push({ name, milliseconds: took(), outcome: 'done', ...more });
      this.#terminal.err(
        `  ${name}: ${(took() / 1000).toFixed(2)} s${more.detail === undefined ? '' : ` (${more.detail})`}\n`,
      );
      return result;
    } catch (error) {
      this.#done.push({ name, milliseconds: took(), outcome: 'failed' });
      this.#terminal.err(`  ${name}: FAILED after ${(took() / 1000).toFixed(2)} s\n`);
      const failed =
        error instanceof StepFailed
          ? error
          : new StepFailed(
              { kind: 'step', name, problem: error instanceof Error ? error.message : String(error), next },
              { cause: error },
            );
      this.#problem = failed.problem;
      throw failed;
    }
  }
}

/** The one step that takes as long as people do. */
export const WAITING = 'gather the shares';

/** A file is at fault, or what is in it. */
export function fileFailed(name: string, problem: string, next: string, cause?: unknown): StepFailed {
  return new StepFailed({ kind: 'file', name, problem, next }, { cause });
}
