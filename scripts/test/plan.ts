// Which test files a run takes, from its arguments: folders, files or parts of their paths; `--fast` takes of test/ a slice
// alone and none of the longest unit files, `--without-programs` those that can skip, as on a machine with nothing but Node. And in which order.

export interface Plan {
  readonly files: readonly string[];
  readonly check: boolean;
  /** Only tests whose names match. */
  readonly names: readonly string[];
  /** Every program that a test can skip without is hidden from it. */
  readonly withoutPrograms: boolean;
  /** Says at the end which files took how much of the processors. */
  readonly times: boolean;
}

export class PlanError extends Error {
  override readonly name = 'PlanError';
}

/** Of what starts products and instances: the wire of a running one, and the life of a key. */
export const SLICE: readonly string[] = ['test/data-plane/keys.test.ts', 'test/exchanges/exchanges.test.ts'];
/** Half of the time of all unit files: modules that are killed and come back, passphrases that are meant to be slow, installations. */
export const LONG_UNITS: readonly string[] = [
  'scripts/run/install.test.ts',
  'src/cli/custodian-tool/custodian-tool.test.ts',
  'src/crypto/client/crypto-client.test.ts',
  'src/crypto/client/unlocking.test.ts',
  'src/module/dying-ceremony.test.ts',
  'src/module/seal.test.ts',
  'src/supervisor/supervised-process.test.ts',
  'src/tools/custodian/paper/paper.test.ts',
];
/** What takes longest begins first, so that no core waits for the last file: pages, which are long, those that kill and start products, then clients. */
const LONG_FIRST: readonly string[] = [
  'test/docs/',
  'test/chaos/',
  'test/year/',
  'test/production/',
  'test/attack/',
  'test/fault/',
  'test/conformance/',
  'test/clients/',
  'test/control/',
  'test/',
];

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
  let times = false;
  for (const arg of args) {
    if (arg === '--no-check') check = false;
    else if (arg === '--fast') fast = true;
    else if (arg === '--without-programs') withoutPrograms = true;
    else if (arg === '--times') times = true;
    else if (arg.startsWith('--name=')) names.push(arg.slice('--name='.length));
    else if (arg.startsWith('-'))
      throw new PlanError(
        `unknown option ${arg} (known: --fast, --no-check, --without-programs, --times, --name=PATTERN)`,
      );
    else patterns.push(arg.replace(/^\.\//, '').replace(/\/$/, ''));
  }
  const all = files
    .filter((file) => /^(src|scripts|bench|test)\/.*\.test\.ts$/.test(file))
    .sort((a, b) => rank(a) - rank(b));
  const isFast = (file: string): boolean =>
    file.startsWith('test/') ? SLICE.includes(file) : !LONG_UNITS.includes(file);
  const wanted = all.filter((file) => (!fast || isFast(file)) && (!withoutPrograms || canSkip(file)));
  for (const pattern of patterns) {
    if (!wanted.some((file) => file.includes(pattern))) throw new PlanError(`no test file matches ${pattern}`);
  }
  const chosen =
    patterns.length === 0 ? wanted : wanted.filter((file) => patterns.some((pattern) => file.includes(pattern)));
  if (chosen.length === 0) throw new PlanError('there is nothing to test');
  return { files: chosen, check, names, withoutPrograms, times };
}

function rank(file: string): number {
  const found = LONG_FIRST.findIndex((folder) => file.startsWith(folder));
  return found === -1 ? LONG_FIRST.length : found;
}
