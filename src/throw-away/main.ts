// Entry of a throw-away instance or product, started by commands that rehearse or test. Says on its standard output, in one line of JSON, how
// it is reached; ends, with everything it started and wrote, when its standard input does: so it never outlives whoever
// started it, however that ends.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { removeLeftovers } from './folder.ts';
import { LIFETIME_S, readThrowAwayOptions } from './identity.ts';
import { readProductOptions, startThrowAwayProduct } from './product.ts';
import { startThrowAway } from './start.ts';

process.umask(0o077);
const stop = Promise.withResolvers<string | undefined>();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop.resolve(undefined));
process.stdin.on('end', () => stop.resolve(undefined));
process.stdin.on('error', () => stop.resolve(undefined));
const lines = createInterface({ input: process.stdin });
// Whoever started it may be gone; that shows as the end of standard input.
process.stdout.on('error', () => stop.resolve(undefined));

const given = JSON.parse(process.argv[2] ?? '{}') as { readonly what?: unknown };

async function start() {
  if (given.what !== 'product') return startThrowAway(readThrowAwayOptions(given, 'throw-away'));
  const first = once(lines, 'line') as Promise<[string]>;
  const configuration = await Promise.race([first.then(([line]) => line), stop.promise]);
  return startThrowAwayProduct(readProductOptions(given, 'throw-away'), configuration ?? '{}');
}

try {
  for (const path of removeLeftovers(Date.now())) say(`removed ${path}, left by a process that was killed`);
  await using instance = await start();
  process.stdout.write(`${JSON.stringify(instance.reached)}\n`);
  const old = setTimeout(() => stop.resolve('it has reached the longest time it may live'), LIFETIME_S * 1000);
  const reason = await Promise.race([stop.promise, instance.lost]);
  clearTimeout(old);
  if (reason !== undefined) throw new Error(reason);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
process.stdin.destroy();

function say(text: string): void {
  process.stderr.write(`throw-away: ${text}\n`);
}
