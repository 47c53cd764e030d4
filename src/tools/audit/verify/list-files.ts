// Lists what lies in a log's folder, sorted into what a log consists of; anything else there is a finding.
import { join } from 'node:path';
import { entriesBelow } from '../../../files/entries-below.ts';
import { JOURNAL, SEGMENT_NAME } from '../../../formats/journal-format.ts';
import { parseTilePath, TILE_WIDTH, type TileLevel } from '../../../formats/tlog-tiles.ts';
import type { Findings } from './findings.ts';

export interface TileFile {
  readonly path: string;
  readonly level: TileLevel;
  readonly index: number;
  readonly width: number;
}

/** Files that a recorder uses and that hold no entries. */
const WORKING = new Set(['lock', join(JOURNAL, 'spare')]);
/** A file being put in place when a crash came. */
const UNFINISHED = /(^|\/)\.[^/]+\.tmp$/;

export function listFiles(folder: string, findings: Findings) {
  const segments: string[] = [];
  const tiles: TileFile[] = [];
  for (const found of entriesBelow(folder)) {
    const path = join(found.parentPath, found.name).slice(join(folder, '/').length);
    if (WORKING.has(path) || path === 'checkpoint' || UNFINISHED.test(path)) continue;
    const tile = parseTilePath(path);
    if (tile !== undefined) tiles.push({ path, ...tile });
    else if (path.startsWith(join(JOURNAL, '/')) && SEGMENT_NAME.test(found.name)) segments.push(path);
    else findings.add({ file: path, what: 'this file is no part of a log' });
  }
  tiles.sort((a, b) => a.index - b.index || a.width - b.width);
  return { segments: segments.sort(), tiles };
}

export function isFull({ width }: TileFile): boolean {
  return width === TILE_WIDTH;
}
