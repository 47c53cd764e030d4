// `strongroom backup list`: the backups of a place, finished or not, as they describe themselves.

import { BackupError } from '../../../features/backup/backup-error.ts';
import type { Shelf, Shelved } from '../../../features/backup/storage/shelf.ts';
import { printableJson } from '../../../formats/printable.ts';
import { readManifest } from '../../../tools/backup/read-manifest.ts';
import { command, dataOption, jsonOption, UsageError } from '../../command.ts';
import { counted } from '../../counted.ts';
import { openShelf, ownPlace, uriOf } from './place.ts';
import { placeOptions } from './place-options.ts';
import { saying } from './refusals.ts';

interface Row {
  readonly folder: string;
  readonly state: 'finished' | 'unfinished' | 'unreadable';
  readonly instance?: string;
  readonly finished?: string;
  readonly keys?: number;
  readonly domain?: string;
}

export const list = command({
  name: 'backup list',
  summary: 'list the full backups of a place',
  operands: '[DIR|URI]',
  details: `
Shows what the backups say of themselves; nothing is verified ('backup verify' does that). Without an operand: the folder
'backups' of the data directory.`,
  options: { ...placeOptions, ...dataOption, ...jsonOption },
  examples: [
    'strongroom backup list',
    'strongroom backup list https://acme.blob.core.windows.net/hsm --sas-file sas --json',
  ],
  async run(values, [target, spare], terminal) {
    if (spare !== undefined) throw new UsageError('name one place');
    const uri = target === undefined ? ownPlace(values.data) : uriOf(target);
    const rows = await saying(async () => {
      await using shelf = await openShelf(uri, values);
      const found: Row[] = [];
      for await (const each of shelf.folders()) found.push(await describe(shelf, each));
      return found.sort((a, b) => (a.folder < b.folder ? -1 : 1));
    });
    if (values.json) terminal.out(printableJson(rows));
    else if (rows.length === 0) terminal.err(`there are no backups in ${uri}\n`);
    else terminal.out(rows.map(lineOf).join(''));
    return 0;
  },
});

async function describe(shelf: Shelf, { folder, finished }: Shelved): Promise<Row> {
  if (!finished) return { folder, state: 'unfinished' };
  try {
    const { manifest } = await readManifest(shelf, folder);
    return {
      folder,
      state: 'finished',
      instance: manifest.instance.name,
      finished: manifest.finished,
      keys: manifest.counts.keys,
      domain: manifest.domain,
    };
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    return { folder, state: 'unreadable' };
  }
}

function lineOf({ folder, state, keys, finished, domain = '' }: Row): string {
  const rest =
    state === 'finished' ? `${finished}  ${counted(keys ?? 0, 'key')}  domain ${domain.slice(0, 16)}…` : state;
  return `${folder}  ${rest}\n`.replaceAll(/[^\P{C}\n]/gu, '?');
}
