// A trace says nothing of the instance that it is of: where it is not in one log, the others of the data directory are looked at.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { places } from '../../../deployment/data-layout.ts';
import { findCall } from '../../../features/access/find-entry.ts';
import { optionWords } from '../../../formats/own-command.ts';

/** @returns the option that names the log that has the call; undefined: none has it */
export async function optionForTrace(root: string, trace: string, except: string): Promise<string | undefined> {
  const at = places(root);
  const logs = [
    ...namesIn(at.instances).map((name) => ({ folder: at.instance(name).audit, option: `--hsm-name ${name}` })),
    ...namesIn(at.purged).map((id) => ({
      folder: join(at.purged, id),
      option: optionWords({ log: join(at.purged, id) }).trim(),
    })),
  ].filter(({ folder, option }) => option !== `--hsm-name ${except}` && existsSync(join(folder, 'journal')));
  for (const { folder, option } of logs) {
    // A log that does not read is another command's to report.
    const found = await findCall(folder, trace).catch(() => undefined);
    if (found?.call !== undefined) return option;
  }
  return undefined;
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}
