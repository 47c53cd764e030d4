// Entry file of the `strongroom` command line.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT } from './checkout.ts';
import { commands } from './commands.ts';
import { dispatch } from './dispatch.ts';
import { openTerminal } from './terminal.ts';

const { version } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { version: string };

process.exitCode = await dispatch(commands, version, process.argv.slice(2), openTerminal());
