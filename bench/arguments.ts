// The command line of `npm run bench`, read strictly: an option that is not known or not right is refused.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

export interface BenchOptions {
  readonly names: readonly string[];
  readonly seconds: number;
  readonly connections: number;
  readonly json: string | undefined;
  readonly profile: string | undefined;
  /** To append what was found to the history. */
  readonly record: boolean;
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** 'help' when help was asked for. @throws UsageError */
export function readArguments(words: readonly string[], known: readonly string[]): BenchOptions | 'help' {
  const { values, positionals } = parse(words);
  if (values.help === true) return 'help';
  const only = values.only === undefined ? [] : values.only.split(',');
  const asked = [...positionals, ...only];
  const names = namesAskedFor(asked, known, known);
  const record = values.record === true;
  if (record && (asked.length > 0 || values.profile !== undefined)) {
    throw new UsageError('--record takes a run of all operations, without --profile');
  }
  return {
    names,
    seconds: numberOf('seconds', values.seconds, 0.2, 600),
    connections: wholeNumberOf('connections', values.connections, 1, 1024),
    json: values.json,
    profile: values.profile,
    record,
  };
}

/** In the order of `known`; `usual` when none is asked for. @throws UsageError */
export function namesAskedFor(
  asked: readonly string[],
  known: readonly string[],
  usual: readonly string[],
): readonly string[] {
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`'${unknown}' is not measured; choose from ${known.join(', ')}`);
  return asked.length === 0 ? usual : known.filter((name) => asked.includes(name));
}

export function helpText(names: readonly string[]): string {
  return `Measures the product as shipped against what this machine could do at best.

usage: npm run bench -- [OPERATION…] [--only OPERATION,…] [--seconds N] [--connections N] [--json FILE]
                        [--profile FOLDER] [--record]
       npm run bench -- latency [OPERATION…] [--seconds N] [--json FILE]
       npm run bench -- growth [AXIS…] [--sizes N,…] [--out FOLDER] [--draw]
       npm run bench -- soak [--minutes N] [--json FILE]
       npm run bench -- peers [OPERATION…] [--seconds N] [--connections N] [--json FILE]
       npm run bench -- keys|backup|rehearsal [--sizes N,…] [--json FILE]
       npm run bench -- writes [--only WRITE,…] [--sizes N,…] [--rounds N] [--seconds N] [--connections N] [--json FILE]
                        [--profile FOLDER]
       npm run bench -- overload|fairness [--connections N] [--seconds N] [--json FILE]

  OPERATION          ${names.join(', ')} (default: all)
  --seconds N        measured time of each operation and of its echo, after a warm-up (default: 5)
  --connections N    keep-alive TLS 1.3 connections, one request in flight on each (default: 64)
  --json FILE        writes everything that was measured
  --profile FOLDER   writes a CPU profile of a service worker for each operation; the figures suffer from it
  --record           appends what was found to bench/history.jsonl, which later runs are compared with
  latency            one request at a time, and a steady half of the load that can be carried
  growth             draws what operations cost against the number of keys and other things
  soak               a long run under full load (default: 10 minutes), which nothing may grow in
  peers              the same requests to OpenBao, and SoftHSM without a network, in turns; N is that of a round
  keys               fills an instance with keys and shows what grows with their number
  rehearsal          rehearses a recovery in full, and shows what each step takes
  writes             loads the product with changes, and with RSA keys being made beside other work
  overload           asks far more than can be done, over 5,000 connections: what is served all the same
  fairness           one principal at full blast beside another: what the other notices
  --sizes N,…        numbers of keys (default: 1000,10000,100000; of writes: 100, and each write is measured with all of them in turn)
  --rounds N         how often each write is measured with each number of keys (default: 1)

C is what libcrypto alone does on all ${availableParallelism()} cores, E what a bare HTTPS JSON echo does, B = 1/(1/C + 1/E) the bound.
docs/design/performance.md explains the figures. Exit status 1: an answer was wrong, missing or not
recorded.
`;
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        only: { type: 'string' },
        seconds: { type: 'string', default: '5' },
        connections: { type: 'string', default: '64' },
        json: { type: 'string' },
        profile: { type: 'string' },
        record: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** @throws UsageError */
export function numberOf(name: string, text: string, least: number, most: number): number {
  const value = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw new UsageError(`--${name} takes a number from ${least} to ${most}`);
  return value;
}

export function wholeNumberOf(name: string, text: string, least: number, most: number): number {
  const value = numberOf(name, text, least, most);
  if (!Number.isInteger(value)) throw new UsageError(`--${name} takes a whole number`);
  return value;
}
