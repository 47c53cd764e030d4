// The Node on which a file that is handed out is tried.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The oldest release that is promised to do, if the machine has one: not the one that this product brings along. */
export function machineNode(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((each) => !each.includes('node_modules'));
  return folders.map((each) => join(each, 'node')).find((each) => existsSync(each)) ?? process.execPath;
}
