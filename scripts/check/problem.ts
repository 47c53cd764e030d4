// What a check reports: where, what is wrong and what to do about it. Nothing here decides anything.

export interface Problem {
  /** Path from the root of the repository. */
  readonly file: string;
  readonly line?: number;
  readonly what: string;
  readonly fix: string;
  /** A warning is printed but does not fail the check. */
  readonly warning?: boolean;
}

export function describe(problem: Problem): string {
  const place = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`;
  return `${place}\n    ${problem.warning === true ? 'warning: ' : ''}${problem.what}\n    → ${problem.fix}`;
}
