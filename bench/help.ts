// What `npm run bench -- --help` prints, whichever mode stands before it.
import { availableParallelism } from 'node:os';
import { axes } from './growth/axes.ts';
import { operations } from './operations.ts';
import { QUESTIONS } from './search/questions.ts';
import { BESIDE } from './writes/arguments.ts';
import { writes } from './writes/writes.ts';

export function helpText(): string {
  const writeNames = [...writes.map(({ name }) => name), BESIDE];
  const questions = QUESTIONS.join(', ').replaceAll(/(.{70,90}),\s/g, `$1,\n${' '.repeat(21)}`);
  const ranges = axes.map(({ name, least, most }) => `${name} ${least} to ${most}`);
  return `Measures the product as shipped against what this machine could do at best.

usage: npm run bench -- [OPERATION…] [--only OPERATION,…] [--seconds N] [--connections N] [--json FILE]
                        [--profile FOLDER] [--record]
       npm run bench -- latency [OPERATION…] [--seconds N] [--json FILE]
       npm run bench -- peers [OPERATION…] [--only OPERATION,…] [--seconds N] [--connections N] [--json FILE]
       npm run bench -- writes [--only WRITE,…] [--sizes N,…] [--rounds N] [--seconds N] [--connections N] [--json FILE]
                        [--profile FOLDER]
       npm run bench -- growth [AXIS…] [--sizes N,…] [--out FOLDER] [--draw]
       npm run bench -- keys|backup|rehearsal [--sizes N,…] [--json FILE]
       npm run bench -- search [--entries N] [--only QUESTION,…] [--rounds N] [--folder FOLDER] [--json FILE]
       npm run bench -- soak [--minutes N] [--json FILE]
       npm run bench -- starts [--rounds N] [--beside CHECKOUT] [--json FILE]
       npm run bench -- overload [--connections N] [--seconds N] [--json FILE]
       npm run bench -- fairness [--seconds N] [--json FILE]
       npm run bench -- sinks [OPERATION…] [--pairs N] [--seconds N] [--json FILE]

  (no mode)          each operation in turn: requests per second, latencies, processor time, protections, starts, memory
  latency            one request at a time, and a steady half of the load that can be carried
  peers              the same requests to OpenBao, and SoftHSM without a network, in turns
  writes             loads the product with changes, and with RSA keys being made beside other work
  growth             draws what operations cost against the number of keys and other things
  keys               fills an instance with keys and shows what grows with their number
  backup             full backup and restore of an instance with so many keys
  rehearsal          rehearses a recovery in full, and shows what each step takes
  search             looks for entries of a long log, by the command and as the service does
  soak               a long run under full load, which nothing may grow in
  starts             starts and commands by the clock and the processor, and what every process holds at rest
  overload           asks far more than can be done, over many connections: what is served all the same
  fairness           one principal at full blast over 64 connections beside another: what the other notices
  sinks              what it costs that the log goes to three sinks, how far they fall behind, how fast they catch up

  OPERATION          ${operations.map(({ name }) => name).join(', ')}
                     (default: all; of latency and peers: rs256, es256, a256gcm, keyget, and peers has no
                     others; of sinks: es256, a256gcm)
  WRITE              ${writeNames.join(', ')} (default: all)
  AXIS               ${axes.map(({ name }) => name).join(', ')} (default: all)
  QUESTION           ${questions} (default: all)

  --seconds N        measured time, after a warm-up, of
                       each operation, and as long of its echo: 0.2 to 600 (default: 5)
                       latency, of each of the two parts of an operation: 0.5 to 600 (default: 2.5)
                       peers, of each operation in each of three rounds: 0.2 to 600 (default: 1)
                       writes, of each write in each round: 0.2 to 600 (default: 5)
                       overload, with all connections; fairness, of each part of a round: 1 to 600 (default: 6)
                       sinks, of full load that is then caught up with: 1 to 600 (default: 15)
  --connections N    keep-alive TLS 1.3 connections, one request in flight on each: 1 to 1024 (default: 64),
                     writes 1 to 99 (default: 16), overload 64 to 7500 (default: 5000)
  --sizes N,…        ascending numbers of keys, 100 to 240000 (default: keys 1000,10000,100000; backup 100000;
                     rehearsal 1000; writes 100); of growth, with one AXIS named, two numbers or more:
                     ${ranges.join(', ')}
  --rounds N         how often each write is measured with each number of keys: 1 to 100 (default: 1); of starts: how
                     often a first and a second start, and three times as often the commands (default: 5); of search:
                     how often each question is asked again (default: 5)
  --entries N        how many entries the log has: 20000 to 100000000 (default: 1000000; 1.2 GB of disk)
  --folder FOLDER    keeps log and index there, and takes those that are there already
  --pairs N          of sinks: how often three seconds with three of them are compared with three without: 4 to 1000 (default: 30)
  --beside CHECKOUT  another checkout of the product that is measured in turn with this one
  --minutes N        0.5 to 10000 (default: 10); in less than 10 nothing is called growth
  --json FILE        writes everything that was measured
  --profile FOLDER   writes a CPU profile of a service worker for each operation; the figures suffer from it
  --record           appends what was found to bench/history.jsonl, which later runs are compared with
  --out FOLDER       of the figures and the charts (default: docs/design/growth)
  --draw             measures nothing: draws again what stands in that folder

All operations take about two minutes; a mode takes its seconds for each part, and the making of keys before (100,000
keys: minutes). Stopped by Ctrl-C it removes what it made.

Exit status
  0  measured
  1  an answer was wrong, missing or not recorded, or a process ended; or, where nothing else disturbed the run,
     something grew or a bound was not reached: the output says which
  2  called wrongly: nothing was measured

C is what libcrypto alone does on all ${availableParallelism()} cores, E what a bare HTTPS JSON echo does, B = 1/(1/C + 1/E) the bound.
docs/design/performance.md explains the figures.
`;
}
