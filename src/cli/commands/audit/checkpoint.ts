// `strongroom audit checkpoint`: prints the log's signed checkpoint, to be kept where the log's keeper cannot reach it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, command } from '../../command.ts';
import { logFolder, logOptions } from './log-folder.ts';

export const checkpoint = command({
  name: 'audit checkpoint',
  summary: "print the log's signed checkpoint, to keep elsewhere",
  operands: '',
  details: `
A checkpoint names the log's size and the hash over all of its entries, signed by the HSM, or for the management plane by
a module of its own. Kept on another machine it proves later that none of those entries was changed, moved or removed:
strongroom audit verify --checkpoint FILE.`,
  options: logOptions,
  examples: [
    'strongroom audit checkpoint > 2026-11-25.checkpoint',
    'strongroom audit checkpoint --hsm-name fin-prod-mhsm',
    'strongroom audit checkpoint --management > management-2026-11-25.checkpoint',
  ],
  run(values, _operands, terminal) {
    const folder = logFolder(values);
    const path = join(folder, 'checkpoint');
    if (!existsSync(path))
      throw new CommandError(`${folder} has no checkpoint yet: the HSM signs one with its first entries`);
    terminal.out(readFileSync(path, 'utf8'));
    return Promise.resolve(0);
  },
});
