// Entry file of the `strongroom` command line: the list of its commands, and the terminal that they write to.
import { readFileSync } from 'node:fs';
import type { Command } from './command.ts';
import { start } from './commands/start.ts';
import { dispatch } from './dispatch.ts';

const commands: readonly Command[] = [start];

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

process.exitCode = await dispatch(commands, version, process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
