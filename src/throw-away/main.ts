// Entry of a throw-away instance, started by commands that rehearse. Says on its standard output, in one line of JSON, how
// it is reached; ends, with everything it started and wrote, when its standard input does: so it never outlives whoever
// started it, however that ends.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { readBackupPlaces, readInstanceIdentity } from '../deployment/backup-places.ts';
import { removeLeftovers } from './folder.ts';
import { LIFETIME_S } from './identity.ts';
import { startThrowAway, type ThrowAwayOptions } from './start.ts';

process.umask(0o077);
const stop = Promise.withResolvers<string | undefined>();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop.resolve(undefined));
process.stdin.on('end', () => stop.resolve(undefined));
process.stdin.on('error', () => stop.resolve(undefined));
process.stdin.resume();
// Whoever started it may be gone; that shows as the end of standard input.
process.stdout.on('error', () => stop.resolve(undefined));

const { values } = parseArgs({
  options: {
    name: { type: 'string' },
    administrator: { type: 'string' },
    needs: { type: 'string' },
    'on-disk': { type: 'boolean', default: false },
    'backup-place': { type: 'string' },
    'backup-identity': { type: 'string' },
  },
});
const { name, administrator, needs, 'on-disk': onDisk } = values;
if (name === undefined || administrator === undefined || needs === undefined) {
  throw new Error('usage: throw-away --name NAME --administrator OID --needs BYTES');
}

try {
  for (const path of removeLeftovers(Date.now())) say(`removed ${path}, left by a process that was killed`);
  await using instance = await startThrowAway({
    name,
    administrator,
    needs: Number(needs),
    partitions: availableParallelism(),
    onDisk,
    ...backupAccess(values),
    now: new Date(),
  });
  const { lost, socketPath, authority, ca, token, folder, pids } = instance;
  process.stdout.write(`${JSON.stringify({ socketPath, authority, ca, token, folder, pids })}\n`);
  const old = setTimeout(() => stop.resolve('it has reached the longest time it may live'), LIFETIME_S * 1000);
  const reason = await Promise.race([stop.promise, lost]);
  clearTimeout(old);
  if (reason !== undefined) throw new Error(reason);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
process.stdin.destroy();

/** As `instance.json` would have them, in JSON. */
function backupAccess({
  'backup-place': place,
  'backup-identity': identity,
}: typeof values): Pick<ThrowAwayOptions, 'backupPlaces' | 'backupIdentity'> {
  return {
    backupPlaces: place === undefined ? [] : readBackupPlaces([JSON.parse(place)], 'backup-place'),
    ...(identity === undefined
      ? {}
      : { backupIdentity: readInstanceIdentity(JSON.parse(identity), 'backup-identity') }),
  };
}

function say(text: string): void {
  process.stderr.write(`throw-away: ${text}\n`);
}
