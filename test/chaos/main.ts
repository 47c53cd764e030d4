// A run of any length; `--help` says how it is called.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { inspect } from 'node:util';
import { clientsFolder } from '../clients/folder.ts';
import { sourcesKey } from '../support/ready-data.ts';
import { CHECKOUT } from '../support/running-product.ts';
import { type ChaosOptions, helpText, readArguments, UsageError } from './arguments.ts';
import { runChaos } from './run.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function refuse(line: string, status: number): void {
  process.stderr.write(`chaos: ${line}\n`);
  process.exitCode = status;
}

/** The programs that a run needs at its end and its beginning: without them it does not start. */
function missingProgram(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const missing = (name: string): boolean => !folders.some((folder) => existsSync(join(folder, name)));
  if (missing('gcc')) return 'gcc is missing: apt-get install gcc libc6-dev';
  if (missing('strongroom-linearisable')) {
    return 'the checker of histories is missing: test/clients/install.sh porcupine';
  }
  return undefined;
}

function again({ seed, faults, only }: ChaosOptions): string {
  const kinds = only === undefined ? '' : ` --only "${only.join(',')}"`;
  return `once more: node scripts/run.mjs test/chaos/main.ts --seed ${seed} --faults ${faults}${kinds}`;
}

/** All temporary folders are made in one. The product is killed when this process exits; only then the folder goes. */
function leaving(): (status?: number) => void {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-run-'));
  process.env['TMPDIR'] = folder;
  return (status = Number(process.exitCode ?? 0)) => {
    process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
    process.exit(status);
  };
}

async function main(words: readonly string[]): Promise<void> {
  const options = readArguments(words);
  if (options === 'help') {
    process.stdout.write(helpText());
    return;
  }
  process.env['PATH'] = [join(clientsFolder(), 'bin'), process.env['PATH'] ?? ''].join(delimiter);
  process.env['STRONGROOM_TEST_SOURCES'] ??= sourcesKey(CHECKOUT);
  const missing = missingProgram();
  if (missing !== undefined) {
    refuse(missing, 2);
    return;
  }
  const leave = leaving();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => leave(128 + constants.signals[signal]));
  }
  const broken = (error: unknown): void => {
    process.stderr.write(`${inspect(error)}\n`);
    const first = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    say(`the run did not come to its end: ${first instanceof Error ? first.message : String(first)}`);
    say(again(options));
    leave(1);
  };
  process.once('uncaughtException', broken);
  try {
    await judged(options);
    leave();
  } catch (error) {
    broken(error);
  }
}

async function judged(options: ChaosOptions): Promise<void> {
  const { findings } = await runChaos({ ...options, report: say });
  for (const finding of findings) say(`\n${finding}`);
  say(`${findings.length} findings`);
  if (findings.length === 0) return;
  say(again(options));
  process.exitCode = 1;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  refuse(error.message, 2);
}
