// The memory of the product's processes, by role. Those that have gone are left out.
import type { ProcessMemory } from '../results.ts';
import { memoryOf } from './processes.ts';

export function memoryOfAll(
  processes: readonly { readonly role: string; readonly pid: number }[],
): readonly ProcessMemory[] {
  return processes.flatMap(({ role, pid }) => {
    const found = memoryOf(pid);
    if (found === undefined) return [];
    const { pssKiB, rssKiB } = found;
    return [{ role, pid, rssKiB, ...(pssKiB === undefined ? {} : { pssKiB }) }];
  });
}
