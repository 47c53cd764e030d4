// Which test files a run takes, from its arguments: folders, files or parts of their paths; `--fast` leaves out test/,
// `--without-programs` takes those that can skip, as on a machine with nothing but Node.

export interface Plan {
  readonly files: readonly string[];
  readonly check: boolean;
  /** Only tests whose names match. */
  readonly names: readonly string[];
  /** Every program that a test can skip without is hidden from it. */
  readonly withoutPrograms: boolean;
}

export class PlanError extends Error {
  override readonly name = 'PlanError';
}

/** @param canSkip whether the file has tests that skip where a program is missing */
export function planTests(
  args: readonly string[],
  files: readonly string[],
  canSkip: (file: string) => boolean = () => false,
): Plan {
  const patterns: string[] = [];
  const names: string[] = [];
  let check = true;
  let fast = false;
  let withoutPrograms = false;
  for (const arg of args) {
    if (arg === '--no-check') check = false;
    else if (arg === '--fast') fast = true;
    else if (arg === '--without-programs') withoutPrograms = true;
    else if (arg.startsWith('--name=')) names.push(arg.slice('--name='.length));
    else if (arg.startsWith('-'))
      throw new PlanError(`unknown option ${arg} (known: --fast, --no-check, --without-programs, --name=PATTERN)`);
    else patterns.push(arg.replace(/^\.\//, '').replace(/\/$/, ''));
  }
  const all = files.filter((file) => /^(src|scripts|bench|test)\/.*\.test\.ts$/.test(file));
  const wanted = all.filter((file) => !(fast && file.startsWith('test/')) && (!withoutPrograms || canSkip(file)));
  for (const pattern of patterns) {
    if (!wanted.some((file) => file.includes(pattern))) throw new PlanError(`no test file matches ${pattern}`);
  }
  const chosen =
    patterns.length === 0 ? wanted : wanted.filter((file) => patterns.some((pattern) => file.includes(pattern)));
  if (chosen.length === 0) throw new PlanError('there is nothing to test');
  return { files: chosen, check, names, withoutPrograms };
}
