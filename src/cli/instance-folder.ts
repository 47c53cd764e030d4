// Commands that work on the files of one instance of a data directory.
import { existsSync, readdirSync } from 'node:fs';
import { type InstancePaths, places } from '../deployment/data-layout.ts';
import { CommandError } from './command.ts';
import { dataRootOf } from './running.ts';

export interface InstanceFolder {
  /** The data directory. */
  readonly data: string;
  readonly name: string;
  readonly at: InstancePaths;
}

/** @throws CommandError when there is none of that name */
export function instanceFolder(data: string | undefined, name: string): InstanceFolder {
  const root = dataRootOf(data);
  const { instances, instance } = places(root);
  const names = existsSync(instances) ? readdirSync(instances) : [];
  // Names are looked up, never put together into paths.
  const found = names.find((each) => each.toLowerCase() === name.toLowerCase() && existsSync(instance(each).config));
  if (found !== undefined) return { data: root, name: found, at: instance(found) };
  const others = names.filter((each) => existsSync(instance(each).config));
  throw thereIsNo(name, others, ` in ${root}`);
}

export function thereIsNo(name: string, others: readonly string[], where = ''): CommandError {
  const rest = others.length === 0 ? 'are none' : `is ${others.join(', ')}`;
  return new CommandError(`there is no instance '${name}'${where}; there ${rest}`);
}
