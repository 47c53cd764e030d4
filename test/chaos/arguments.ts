// The command line of a run, read strictly.
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type KindName, kindNames } from './kinds.ts';

export interface ChaosOptions {
  readonly seed: number;
  readonly faults: number;
  readonly only: readonly KindName[] | undefined;
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const NAMES = ['seed', 'faults', 'only'] as const;
const MOST_FAULTS = 1_000_000;
const SEEDS = 2 ** 32;

/** 'help' when help was asked for. @throws UsageError in one line */
export function readArguments(words: readonly string[]): ChaosOptions | 'help' {
  if (words.includes('--help') || words.includes('-h')) return 'help';
  const values = parse(words);
  return {
    seed: wholeNumber('seed', values.get('seed') ?? String(randomInt(SEEDS)), 0, SEEDS - 1),
    faults: wholeNumber('faults', values.get('faults') ?? '1000', 1, MOST_FAULTS),
    only: values.get('only')?.split(',').map(kindOf),
  };
}

export function helpText(): string {
  return `Breaks the product under load, and judges all that clients were told.

usage: node scripts/run.mjs test/chaos/main.ts [--seed N] [--faults N] [--only KIND,…]

  --seed N       decides which faults come in which order, and what clients ask: 0 to ${SEEDS - 1} (default: any)
  --faults N     1 to ${MOST_FAULTS} (default: 1000, some minutes). Each kind comes once at least and as often as its share
                 says, rounded, so that there are a few more, and never fewer than there are kinds (${kindNames.length})
  --only KIND,…  only faults of these kinds: ${kindNames.join(', ')}

It needs gcc, and the checker of histories (test/clients/install.sh porcupine). docs/design/chaos.md says what is checked.
Exit status: 0 no finding; 1 a promise was broken, or the run did not come to its end; 2 called wrongly, or a program is missing.
`;
}

function parse(words: readonly string[]): ReadonlyMap<string, string> {
  const options = Object.fromEntries(NAMES.map((name) => [name, { type: 'string' as const }]));
  const { tokens } = parseArgs({ args: [...words], options, strict: false, allowPositionals: true, tokens: true });
  const values = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === 'positional') throw new UsageError(`'${token.value}' is not expected here (see --help)`);
    if (token.kind !== 'option') continue;
    if (!NAMES.some((name) => name === token.name)) {
      throw new UsageError(`there is no option ${token.rawName} (see --help)`);
    }
    if (token.value === undefined) throw new UsageError(`${token.rawName} takes a value`);
    values.set(token.name, token.value);
  }
  return values;
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    throw new UsageError(`--${name} takes a whole number from ${least} to ${most}`);
  }
  return value;
}

function kindOf(name: string): KindName {
  const found = kindNames.find((kind) => kind === name);
  if (found === undefined) throw new UsageError(`there is no fault '${name}'; choose from ${kindNames.join(', ')}`);
  return found;
}
