// Entry file of the custodian's tool: the custodian commands without the word before them, in one file that runs on plain
// Node without the service, the checkout and a network. It exists bundled only; see `build.ts`.
import { type Command, nounsOf } from '../command.ts';
import { open, showPacket } from '../commands/custodian/inspect.ts';
import { fingerprint, keygen, paper, restorePaper } from '../commands/custodian/keys.ts';
import { share } from '../commands/custodian/share.ts';
import { acknowledge, answer, handOver, leave } from '../commands/custodian/statements.ts';
import { dispatch } from '../dispatch.ts';
import type { Program } from '../help.ts';
import { openTerminal } from '../terminal.ts';

/** Written into the bundle. */
declare const STRONGROOM_VERSION: string;

const program: Program = {
  name: 'strongroom-custodian',
  call: 'node strongroom-custodian.mjs',
  tagline: 'strongroom-custodian - what a custodian of a security domain does, offline',
};

const rows = [keygen, fingerprint, paper, restorePaper, acknowledge, answer, share, showPacket, handOver, leave, open];
const commands = rows.map(
  (row): Command => ({
    ...row,
    name: row.name.replace(/^custodian /, ''),
    examples: row.examples.map((example) => example.replace(/^strongroom custodian /, `${program.name} `)),
  }),
);

process.exitCode = await dispatch(
  nounsOf(commands),
  STRONGROOM_VERSION,
  process.argv.slice(2),
  openTerminal(program.name),
  program,
);
