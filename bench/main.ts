// Entry file of `npm run bench`.
import { join } from 'node:path';
import { styleText } from 'node:util';
import { readArguments, UsageError } from './arguments.ts';
import { backupReport } from './backup/report.ts';
import { runBackupBench } from './backup/run.ts';
import { jsonFile, jsonListFile, readyFolder, removeWhenStopped } from './files.ts';
import { readGrowthArguments } from './growth/arguments.ts';
import { axes } from './growth/axes.ts';
import { runGrowthBench } from './growth/run.ts';
import { helpText } from './help.ts';
import { comparisonReport } from './history/comparison.ts';
import { appendToHistory, entryOf, lastOfKind, readHistory } from './history/history.ts';
import { readKeysArguments } from './keys/arguments.ts';
import { keysReport } from './keys/report.ts';
import { growing, isJudged } from './keys/results.ts';
import { runKeysBench } from './keys/run.ts';
import { readLatencyArguments } from './latency/arguments.ts';
import { latencyReport } from './latency/report.ts';
import { runLatencyBench } from './latency/run.ts';
import { operations } from './operations.ts';
import { readFairnessArguments, readOverloadArguments } from './overload/arguments.ts';
import { runFairnessBench } from './overload/fairness.ts';
import { fairnessFaults, fairnessReport, overloadFaults, overloadReport } from './overload/report.ts';
import { runOverloadBench } from './overload/run.ts';
import { PEER_OPERATIONS } from './peers/peers.ts';
import { isSound, peersReport } from './peers/report.ts';
import { runPeersBench } from './peers/run.ts';
import { startProduct } from './product/product.ts';
import { rehearsalReport } from './rehearsal/report.ts';
import { runRehearsalBench } from './rehearsal/run.ts';
import { report } from './report.ts';
import { runBench } from './run.ts';
import { readSearchArguments } from './search/arguments.ts';
import { QUESTIONS } from './search/questions.ts';
import { searchReport } from './search/report.ts';
import { wrongAnswers } from './search/results.ts';
import { runSearchBench } from './search/run.ts';
import { readSinksArguments } from './sinks/arguments.ts';
import { sinksFaults, sinksReport } from './sinks/report.ts';
import { runSinksBench } from './sinks/run.ts';
import { readSoakArguments } from './soak/arguments.ts';
import { soakReport } from './soak/report.ts';
import { growing as growingInSoak, isBroken } from './soak/results.ts';
import { runSoak } from './soak/run.ts';
import { readStartsArguments } from './starts/arguments.ts';
import { startsReport } from './starts/report.ts';
import { runStartsBench } from './starts/run.ts';
import { readWritesArguments } from './writes/arguments.ts';
import { isWrong, writesReport } from './writes/report.ts';
import { runWritesBench } from './writes/run.ts';

const HISTORY = join(import.meta.dirname, 'history.jsonl');
const names = operations.map(({ name }) => name);
/** Plain where standard output is no terminal or NO_COLOR is set. */
const red = (text: string): string => styleText('red', text, { stream: process.stdout });
const progress = (text: string): void => void process.stderr.write(`bench: ${text}\n`);

async function measureKeyNumbers(words: readonly string[]): Promise<void> {
  const { sizes, json } = readKeysArguments(words);
  const write = jsonFile(json);
  const results = await runKeysBench(sizes, progress);
  process.stdout.write(keysReport(results));
  write(results);
  if (isJudged(results.sizes) && growing(results.sizes).length > 0) process.exitCode = 1;
}

/** With one number of keys, for a backup takes them all. */
async function measureBackup(words: readonly string[]): Promise<void> {
  const { sizes, json } = readKeysArguments(['--sizes', '100000', ...words]);
  const write = jsonListFile(json);
  for (const keys of sizes) {
    const results = await runBackupBench(keys, progress);
    process.stdout.write(backupReport(results));
    write(results);
  }
}

/** What a recovery takes. */
async function measureRehearsal(words: readonly string[]): Promise<void> {
  const { sizes, json } = readKeysArguments(['--sizes', '1000', ...words]);
  const write = jsonListFile(json);
  for (const keys of sizes) {
    const results = await runRehearsalBench(keys, progress);
    process.stdout.write(rehearsalReport(results));
    write(results);
  }
}

async function measureLatencies(words: readonly string[]): Promise<void> {
  const options = readLatencyArguments(words, names);
  const write = jsonFile(options.json);
  const results = await runLatencyBench(options, progress);
  process.stdout.write(latencyReport(results));
  write(results);
  if (results.rows.some(({ wrong, errors }) => wrong > 0 || Object.keys(errors).length > 0)) process.exitCode = 1;
}

/** How fast changes are made durable. */
async function measureWrites(words: readonly string[]): Promise<void> {
  const options = readWritesArguments(words);
  const write = jsonFile(options.json);
  readyFolder(options.profile);
  const results = await runWritesBench(options, progress);
  process.stdout.write(writesReport(results));
  write(results);
  if (isWrong(results)) process.exitCode = 1;
}

/** What it takes to find entries of a long log. */
async function measureSearch(words: readonly string[]): Promise<void> {
  const options = readSearchArguments(words, QUESTIONS);
  const write = jsonFile(options.json);
  const results = await runSearchBench(options, progress);
  process.stdout.write(searchReport(results));
  write(results);
  if (wrongAnswers(results).length > 0) process.exitCode = 1;
}

async function soak(words: readonly string[]): Promise<void> {
  const { minutes, json } = readSoakArguments(words);
  const write = jsonFile(json);
  const results = await runSoak(minutes, progress);
  process.stdout.write(soakReport(results));
  write(results);
  if (isBroken(results.slices) || growingInSoak(results).length > 0) process.exitCode = 1;
}

async function measureOverload(words: readonly string[]): Promise<void> {
  const options = readOverloadArguments(words);
  const write = jsonFile(options.json);
  const rows = await runOverloadBench(options, progress);
  process.stdout.write(overloadReport(rows));
  write(rows);
  if (rows.some((row) => overloadFaults(row).length > 0)) process.exitCode = 1;
}

async function measureFairness(words: readonly string[]): Promise<void> {
  const { seconds, json } = readFairnessArguments(words);
  const write = jsonFile(json);
  const rows = await runFairnessBench(seconds, progress);
  process.stdout.write(fairnessReport(rows));
  write(rows);
  if (rows.some((row) => fairnessFaults(row).length > 0)) process.exitCode = 1;
}

/** What it costs that the log goes out. */
async function measureSinks(words: readonly string[]): Promise<void> {
  const options = readSinksArguments(words, names);
  const write = jsonFile(options.json);
  const results = await runSinksBench(options, progress);
  process.stdout.write(sinksReport(results));
  write(results);
  if (results.rows.some((row) => sinksFaults(row).length > 0)) process.exitCode = 1;
}

/** Starts, commands, and memory at rest. */
async function measureStarts(words: readonly string[]): Promise<void> {
  const options = readStartsArguments(words);
  const write = jsonFile(options.json);
  const results = await runStartsBench(options, progress);
  process.stdout.write(startsReport(results));
  write(results);
}

/** Beside what others do with the same requests. */
async function measurePeers(words: readonly string[]): Promise<void> {
  const options = readArguments(['--seconds', '1', ...words], PEER_OPERATIONS);
  if (options.record || options.profile !== undefined) throw new UsageError('peers take no --record and no --profile');
  const write = jsonFile(options.json);
  const results = await runPeersBench(options, progress);
  process.stdout.write(peersReport(results));
  write(results);
  if (!results.rows.every(isSound)) process.exitCode = 1;
}

async function measureOperations(words: readonly string[]): Promise<void> {
  const options = readArguments(words, names);
  const write = jsonFile(options.json);
  readyFolder(options.profile);
  const history = readHistory(HISTORY);
  const results = await runBench(options, startProduct, progress);
  process.stdout.write(report(results));
  write(results);
  const broken = results.rows.some(({ wrong, errors }) => wrong > 0 || Object.keys(errors).length > 0);
  const unrecorded = results.audit === undefined || results.audit.entries < results.audit.answers;
  if (broken || unrecorded) {
    process.exitCode = 1;
  } else if (options.profile === undefined) {
    const entry = entryOf(results);
    process.stdout.write(`\n${comparisonReport(lastOfKind(history, entry), entry, red)}`);
    if (options.record) appendToHistory(HISTORY, entry);
  }
}

async function run(words: readonly string[]): Promise<void> {
  using _ = removeWhenStopped();
  const [first, ...others] = words;
  if (first === 'keys') await measureKeyNumbers(others);
  else if (first === 'latency') await measureLatencies(others);
  else if (first === 'growth') await runGrowthBench(readGrowthArguments(others, axes), progress);
  else if (first === 'soak') await soak(others);
  else if (first === 'starts') await measureStarts(others);
  else if (first === 'backup') await measureBackup(others);
  else if (first === 'rehearsal') await measureRehearsal(others);
  else if (first === 'search') await measureSearch(others);
  else if (first === 'writes') await measureWrites(others);
  else if (first === 'overload') await measureOverload(others);
  else if (first === 'fairness') await measureFairness(others);
  else if (first === 'sinks') await measureSinks(others);
  else if (first === 'peers') await measurePeers(others);
  else await measureOperations(words);
}

try {
  const words = process.argv.slice(2);
  if (words.includes('--help') || words.includes('-h')) process.stdout.write(helpText());
  else await run(words);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 2;
}
