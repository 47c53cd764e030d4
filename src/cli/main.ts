// Entry file of the `strongroom` command line: the list of its commands, and the terminal that they write to.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT } from './checkout.ts';
import type { Command } from './command.ts';
import { keygen } from './commands/custodian/keygen.ts';
import { open } from './commands/custodian/open.ts';
import { env } from './commands/env.ts';
import { start } from './commands/start.ts';
import { status } from './commands/status.ts';
import { dispatch } from './dispatch.ts';

const commands: readonly Command[] = [start, status, env, keygen, open];

const { version } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { version: string };

process.exitCode = await dispatch(commands, version, process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
