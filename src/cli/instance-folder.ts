// Commands that work on the files of one instance of a data directory.
import { existsSync, readdirSync } from 'node:fs';
import { places } from '../deployment/data-layout.ts';
import { CommandError } from './command.ts';
import { dataRootOf } from './running.ts';

export function instanceFolder(data: string | undefined, name: string) {
  const root = dataRootOf(data);
  // Names are looked up, never put together into paths.
  const found = instanceNamed(instancesIn(root), name, ` in ${root}`);
  return { data: root, name: found, at: places(root).instance(found) };
}

export type InstanceFolder = ReturnType<typeof instanceFolder>;

/** Names of the instances of a data directory. */
export function instancesIn(root: string): readonly string[] {
  const { instances, instance } = places(root);
  return existsSync(instances) ? readdirSync(instances).filter((name) => existsSync(instance(name).config)) : [];
}

/** In whatever case. @param where they are, for the message @throws CommandError when it is none of them */
export function instanceNamed(names: readonly string[], name: string, where = ''): string {
  const found = names.find((each) => each.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  const rest = names.length === 0 ? 'are none' : `is ${names.join(', ')}`;
  throw new CommandError(`there is no instance '${name}'${where}; there ${rest}`);
}
