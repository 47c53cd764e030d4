// A watcher that was taken over: started exactly as the real one, it does whatever it can think of and writes down what came of it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openSupervisorLink } from '../../src/links/child-link.ts';
import { openAttempts, reach } from './hostile-attempts.ts';

const { values } = parseArgs({
  options: { data: { type: 'string' }, profile: { type: 'string' }, since: { type: 'string' } },
});
const root = values.data ?? '';
const own = join(root, 'watch');
const { files, folders, pids } = JSON.parse(readFileSync(join(own, 'targets.json'), 'utf8')) as {
  readonly files: readonly string[];
  readonly folders: readonly string[];
  readonly pids: readonly number[];
};
const { report, tryFile, tryProcesses, tell } = openAttempts({ own, root, pids });

await using link = openSupervisorLink();
for (const path of files) tryFile(path);
await tryProcesses();
for (const folder of folders) {
  for (const name of ['recorder.sock', 'module.sock', 'unlock.sock', '0.sock']) {
    report[`socket ${name}`] = await reach({ path: join(folder, name) });
  }
}
tell();
await link.closed;
