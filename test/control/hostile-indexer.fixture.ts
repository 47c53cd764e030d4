// An indexer that was taken over: started exactly as the real one, it does whatever it can think of and writes down what came of it.
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { openSupervisorLink } from '../../src/links/child-link.ts';
import { openAttempts, reach } from './hostile-attempts.ts';

const { values } = parseArgs({ options: { indexes: { type: 'string' }, log: { type: 'string', multiple: true } } });
const own = values.indexes ?? '';
const { files, port, socket, pids } = JSON.parse(readFileSync(join(own, 'targets.json'), 'utf8')) as {
  readonly files: readonly string[];
  readonly port: number;
  readonly socket: string;
  readonly pids: readonly number[];
};
const { report, tryFile, tryProcesses, tell } = openAttempts({ own, root: dirname(own), pids });
const outcome = (work: () => unknown): Promise<string> =>
  Promise.try(work).then(
    () => 'done',
    (error: unknown) => {
      const { cause = error } = Object(error) as Error;
      return (cause as NodeJS.ErrnoException).code ?? String(error);
    },
  );

await using link = openSupervisorLink();
for (const path of files) tryFile(path);
await tryProcesses();
report['network by port'] = await outcome(() => reach({ host: '127.0.0.1', port }).then(must));
report['network by name'] = await outcome(() => reach({ host: 'localhost', port }).then(must));
report['network by socket'] = await outcome(() => reach({ path: socket }).then(must));
report['network by fetch'] = await outcome(() => fetch(`http://127.0.0.1:${port}`));
report['network listening'] = await outcome(() => listening({ host: '127.0.0.1', port: 0 }));
report['network socket of its own'] = await outcome(() => listening({ path: join(own, 's') }));
report['network by datagram'] = await outcome(
  () =>
    new Promise<void>((resolve, reject) => {
      createSocket('udp4')
        .once('error', reject)
        .send('x', port, '127.0.0.1', (error) => (error === null ? resolve() : reject(error)));
    }),
);
tell();
await link.closed;

/** What it is refused by reaches no handler of the server's. */
function listening(where: { readonly host?: string; readonly port?: number; readonly path?: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    process.once('uncaughtException', reject);
    createServer().once('error', reject).listen(where, resolve);
  });
}

function must(reached: string): void {
  if (reached !== 'done') throw Object.assign(new Error(reached), { code: reached });
}
