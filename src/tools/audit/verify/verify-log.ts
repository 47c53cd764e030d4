// Verifies a log from its files alone: every entry, every hash, every checkpoint. Shares nothing with the recorder but the
// formats, needs neither the service nor its keys, and changes nothing.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CompactRange } from '../../../formats/merkle.ts';
import { headNamedBy, NO_HEAD, withEntry } from '../../../formats/named-head.ts';
import type { NoteVerifier } from '../../../formats/signed-note.ts';
import { readBundles } from './check-bundles.ts';
import { checkJournal } from './check-journal.ts';
import { checkTiles, publishedTiles } from './check-tiles.ts';
import { judge, readClaim } from './claims.ts';
import { Findings } from './findings.ts';
import { listFiles } from './list-files.ts';
import { proofOf } from './proof.ts';

interface VerifyOptions {
  readonly folder: string;
  /** Checkpoints kept elsewhere: a name to report them by, and their text. */
  readonly saved?: readonly { readonly name: string; readonly text: string }[];
  /** Key that must have signed every checkpoint; without it signatures are not checked. */
  readonly verifier?: NoteVerifier;
}

export type Verification = ReturnType<typeof verifyOnce>;

/** A log that is being written while it is read is read again when its checkpoint moved, or a file went that was there. */
const ATTEMPTS = 5;

/** The log's own checkpoint. */
const OWN = 'checkpoint';

export function verifyLog(options: VerifyOptions): Verification {
  for (let attempt = 1; ; attempt++) {
    const before = checkpointText(options.folder);
    const verification = readWhole(() => verifyOnce(options, before), attempt === ATTEMPTS);
    if (verification === undefined) continue;
    if (verification.damageCount === 0 || attempt === ATTEMPTS) return verification;
    if (checkpointText(options.folder) === before) return verification;
  }
}

/** Nothing when a partial tile was replaced by a wider one between the listing and the reading of it. */
function readWhole<T>(read: () => T, isLast: boolean): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isLast || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
}

function checkpointText(folder: string): string | undefined {
  const path = join(folder, 'checkpoint');
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function verifyOnce({ folder, saved = [], verifier }: VerifyOptions, own: string | undefined) {
  const findings = new Findings();
  const named = own === undefined ? saved : [{ name: OWN, text: own }, ...saved];
  const claims = named.flatMap((each) => readClaim(each, verifier, findings));
  const origin = claims[0]?.origin;
  for (const { name, origin: other } of claims) {
    if (other !== origin) findings.add({ file: name, what: `it belongs to the log ${other}, not ${origin}` });
  }

  const files = listFiles(folder, findings);
  const journal = checkJournal(folder, files.segments, origin, findings);
  const range = new CompactRange();
  const roots = new Map<number, Buffer>([[0, range.root()]]);
  const sizes = new Set(claims.map(({ size }) => size));
  const newest = Math.max(0, ...sizes);
  let [firstBehind, lastBehind]: (Buffer | undefined)[] = [];
  const leaves: Buffer[] = [];
  let newestHead = NO_HEAD;
  /** No signature covers a header, and a recorder goes by it. */
  const checkHeader = (index: number): void => {
    const { file, newestHead: told } = journal.headers.get(index) ?? {};
    if (file === undefined || told === undefined) return;
    if (told.sequence === newestHead.sequence && (told.hash === '' || told.hash === newestHead.hash)) return;
    const what = `the header names store head ${told.sequence} ${told.hash}, entries before it ${newestHead.sequence} ${newestHead.hash}`;
    findings.add({ file, entry: index, offset: 0, what });
  };
  for (const bundle of readBundles(folder, files.tiles, journal, publishedTiles(folder, files.tiles), findings)) {
    const behind = bundle.entries.slice(Math.max(0, newest - range.size));
    firstBehind ??= behind[0];
    lastBehind = behind.at(-1);
    for (const [i, entry] of bundle.entries.entries()) {
      checkHeader(range.size + i);
      if (entry.includes('"storeHead"')) newestHead = withEntry(newestHead, headNamedBy(entry) ?? NO_HEAD);
    }
    for (const leaf of bundle.leaves) {
      range.push(leaf);
      leaves.push(leaf);
      if (sizes.has(range.size)) roots.set(range.size, range.root());
    }
  }
  checkHeader(range.size);
  if (journal.first === undefined && (own !== undefined || range.size > 0)) {
    findings.add({ file: 'journal', entry: range.size, what: 'the journal is missing' });
  } else if (journal.first !== undefined && journal.first > range.size) {
    findings.add({ file: 'journal', entry: range.size, what: `entries up to ${journal.first - 1} are missing` });
  }
  // Tiles follow the journal: they are durable before a checkpoint names them, and before the journal lets go of what is in them.
  const published = own === undefined ? 0 : (claims.find(({ name }) => name === OWN)?.size ?? range.size);
  const isOwed = (end: number): boolean => end > published && journal.entries.has(end - 1);
  let hashes: readonly Buffer[] = leaves;
  for (let level = 0; level < 8; level++) {
    hashes = checkTiles(folder, files.tiles, level, hashes, { size: range.size, isOwed }, findings);
  }
  for (const { level, path } of files.tiles) {
    if (level !== 'entries' && level >= 8) findings.add({ file: path, what: 'no log is this high' });
  }
  const checkpoints = judge(claims, range.size, roots, findings);
  return {
    size: range.size,
    root: range.root(),
    checkpoints,
    proof: proofOf(checkpoints, range.size, [firstBehind, lastBehind]),
    /** Empty when nothing is wrong; the earliest entry first. */
    damage: findings.sorted(),
    damageCount: findings.count,
    /** A record that a crash cut off stands behind the last entry. */
    unfinished: journal.unfinished,
  };
}
