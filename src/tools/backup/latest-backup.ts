// Which backup of a place is the latest, for people who name the place only: of the finished ones, by the time in its name. The manifest binds that name, so a
// name that lies shows when it is verified; and nothing damaged is passed over, for then an old backup would pass as the latest.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BackupStorage } from '../../features/backup/storage/port.ts';
import { shellWord } from '../../formats/own-command.ts';
import { Refusal } from '../../formats/refusal.ts';

const NAME = /^mhsm-(.+)-(\d{16})$/;

/**
 * @param meant where HSMs of several names have backups, the one of this name
 * @returns with the later ones that were never finished
 * @throws Refusal when there is none, or more than one could be meant; StorageError
 */
export async function findLatest(shelf: BackupStorage, meant?: string) {
  const newest = new Map<string, { readonly folder: string; readonly time: string }>();
  const begun: { readonly folder: string; readonly time: string }[] = [];
  for await (const { folder, finished } of shelf.folders()) {
    const [, name, time] = NAME.exec(folder) ?? [];
    if (name === undefined || time === undefined) continue;
    if (!finished) begun.push({ folder, time });
    else if (time > (newest.get(name)?.time ?? '')) newest.set(name, { folder, time });
  }
  const [only, ...others] = newest.values();
  if (only === undefined) throw new Refusal(`there is no finished backup in ${shelf.uri}`);
  const first = others.length === 0 ? only : newest.get(meant ?? '');
  if (first === undefined) {
    // Whole addresses: the command that asked takes them as they stand.
    const all = [only, ...others].map(({ folder }) => shellWord(addressOf(shelf.uri, folder))).sort();
    const none = meant === undefined ? '' : `, and none is of '${meant}'`;
    throw new Refusal(`HSMs of several names have backups there${none}; name one folder: ${all.join(', ')}`);
  }
  const unfinished = begun.filter(({ time }) => time > first.time).map(({ folder }) => folder);
  return { folder: first.folder, unfinished: unfinished.sort() };
}

function addressOf(uri: string, folder: string): string {
  return uri.startsWith('file:') ? join(fileURLToPath(uri), folder) : `${uri}/${folder}`;
}
