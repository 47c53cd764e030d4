// Purging an instance: root keys first, then the record that they are gone, then everything else but the log. Each step is
// durable before the next one begins; after a crash the mark in its folder has the purge taken up again.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Places } from '../../deployment/data-layout.ts';
import { appendPurged, PURGED_MEMBERS, PURGED_OPTIONAL } from '../../deployment/purge-record.ts';
import { destroyFolder } from '../../files/destroy-folder.ts';
import { replaceFile } from '../../files/durable-file.ts';
import { syncFolder } from '../../files/durable-file-sync.ts';
import { makePrivateFolder } from '../../files/private-folder.ts';
import { readIfThere } from '../../files/read-if-there.ts';
import { record } from '../../formats/shape.ts';

const { rootKeysDestroyedAt: _, checkpoint: __, ...ordered } = PURGED_MEMBERS;
const readOrder = record(ordered, PURGED_OPTIONAL);
export type PurgeOrder = ReturnType<typeof readOrder>;
export type PurgeStep = 'marked' | 'file destroyed' | 'root keys destroyed' | 'recorded' | 'log kept' | 'removed';

export interface PurgeOptions {
  readonly places: Places;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Tests interrupt here. */
  readonly reached?: (step: PurgeStep) => void;
}

/** From here on the instance never starts again, whatever happens. */
export async function purgeInstance(order: PurgeOrder, options: PurgeOptions): Promise<void> {
  await replaceFile(markOf(options.places, order.name), `${JSON.stringify(order)}\n`);
  options.reached?.('marked');
  carryOut(order, options);
}

/** What a crash or a failure cut off. @returns names of the instances that are gone now */
export function resumePurges(options: PurgeOptions): readonly string[] {
  const { instances } = options.places;
  if (!existsSync(instances)) return [];
  const names = readdirSync(instances).filter((name) => isBeingPurged(options.places, name));
  for (const name of names) {
    const order = readOrder(
      JSON.parse(readFileSync(markOf(options.places, name), 'utf8')),
      markOf(options.places, name),
    );
    carryOut(order, options);
  }
  return names;
}

export function isBeingPurged(places: Places, name: string): boolean {
  return existsSync(markOf(places, name));
}

function carryOut(order: PurgeOrder, { places, now, reached = () => {} }: PurgeOptions): void {
  const own = places.instance(order.name);
  makePrivateFolder(places.purged);
  destroyFolder(own.module, () => reached('file destroyed'));
  reached('root keys destroyed');
  const kept = join(places.purged, order.instanceId);
  const log = existsSync(own.audit) ? own.audit : kept;
  const rootKeysDestroyedAt = new Date(now()).toISOString();
  appendPurged(places.purged, { ...order, rootKeysDestroyedAt, checkpoint: checkpointOf(log) });
  reached('recorded');
  if (existsSync(own.audit)) {
    renameSync(own.audit, kept);
    syncFolder(places.purged);
  }
  reached('log kept');
  // Whoever reads the log there reads it without: what callers wrote stands in one place.
  for (const file of existsSync(places.index) ? readdirSync(places.index) : []) {
    if (file.startsWith(`${order.instanceId}.`)) rmSync(join(places.index, file), { force: true });
  }
  // The mark goes last: it is what has this taken up again.
  for (const name of readdirSync(own.root)) {
    if (name !== MARK) rmSync(join(own.root, name), { recursive: true, force: true });
  }
  syncFolder(own.root);
  rmSync(own.root, { recursive: true, force: true });
  syncFolder(places.instances);
  reached('removed');
}

const MARK = 'purging.json';

function markOf(places: Places, name: string): string {
  return join(places.instance(name).root, MARK);
}

function checkpointOf(log: string): string {
  return readIfThere(join(log, 'checkpoint')) ?? '';
}
