// `strongroom verify tool`: all that verifies as one file, for an auditor's machine.
import { type Command, command, jsonOption } from '../command.ts';
import { writeOneFile } from '../one-file/build.ts';
import { VERIFY_TOOL } from '../verify-tool/one-file.ts';
import { orRefuse } from './custodian/refusals.ts';

export const commands: readonly Command[] = [
  command({
    name: 'verify tool',
    summary: 'write all that verifies as one file that runs offline on plain Node',
    operands: '',
    details: `
For an auditor: logs, checkpoints, reports of ceremonies, records of rehearsals, backups in a directory, and attestations. The file
needs Node 20.15 or newer and nothing else. Prints its SHA-256, which you tell the auditor over another way than the file. The same
version of the product gives the same bytes.`,
    options: { 'out FILE (strongroom-verify.mjs)': 'file to write', ...jsonOption },
    examples: ['strongroom verify tool --out /media/stick/strongroom-verify.mjs'],
    run: ({ out }) => orRefuse(() => writeOneFile(out, VERIFY_TOOL)),
  }),
];
