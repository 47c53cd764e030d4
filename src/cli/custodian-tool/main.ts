// Entry file of the custodian's tool: the custodian commands without the word before them, in one file that runs on plain
// Node without the service, the checkout and a network. It exists bundled only; see `build.ts`.
import { type Command, nounsOf } from '../command.ts';
import { acknowledge } from '../commands/custodian/acknowledge.ts';
import { answer } from '../commands/custodian/answer.ts';
import { fingerprint } from '../commands/custodian/fingerprint.ts';
import { handOver } from '../commands/custodian/hand-over.ts';
import { keygen } from '../commands/custodian/keygen.ts';
import { leave } from '../commands/custodian/leave.ts';
import { open } from '../commands/custodian/open.ts';
import { restore } from '../commands/custodian/paper/restore.ts';
import { paper } from '../commands/custodian/paper.ts';
import { share } from '../commands/custodian/share.ts';
import { show } from '../commands/custodian/show.ts';
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

const commands = [keygen, fingerprint, paper, restore, acknowledge, answer, share, show, handOver, leave, open].map(
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
