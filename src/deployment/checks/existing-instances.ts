// Names of the instances that a data directory holds.
import { existsSync, readdirSync } from 'node:fs';
import type { Places } from '../data-layout.ts';

export function existingInstances(at: Places): readonly string[] {
  if (!existsSync(at.instances)) return [];
  return readdirSync(at.instances).filter((name) => existsSync(at.instance(name).config));
}
