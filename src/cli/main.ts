// Entry file of the `strongroom` command line.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { calledAs } from './called-as.ts';
import { CHECKOUT } from './checkout.ts';
import { dispatch } from './dispatch.ts';
import { STRONGROOM } from './help.ts';
import { nouns } from './nouns.ts';
import { openTerminal } from './terminal.ts';

const { version } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { version: string };
const program = { ...STRONGROOM, call: calledAs(process.env) ?? STRONGROOM.call };

process.exitCode = await dispatch(nouns, version, process.argv.slice(2), openTerminal(program.name), program);
