// Runs inside a real partition (`--import`): one that has read the files while there is one named `late` in the module's folder says so
// with another named `waiting`, and listens to its worker only once that file is gone.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [program = '', folder = ''] = process.argv.slice(1);
const late = join(folder, 'late');

if (program.endsWith('module/main.ts') && existsSync(late)) {
  const { stdin } = process;
  const on = stdin.on.bind(stdin);
  stdin.on = (event: string, listener: (...args: unknown[]) => void) => {
    if (event !== 'data' || !existsSync(late)) return on(event, listener);
    writeFileSync(join(folder, 'waiting'), '');
    const timer = setInterval(() => {
      if (existsSync(late)) return;
      clearInterval(timer);
      on(event, listener);
    }, 1);
    return stdin;
  };
}
