// A head that several share, and their entries in the audit log. The log is known to be complete up to a head once the last of those
// who share it has named it: if a worker ends before that, the next start finds a head that the log does not reach.
import type { Head } from './records.ts';

const toCome = new WeakMap<Head, { left: number }>();

/** Gives each who shares it an object of its own. @param by how many changed something in its commit; `Infinity`: for who did not */
export function shareHead(head: Head, by: number): () => Head {
  const entries = { left: by };
  return () => {
    const own = { ...head };
    toCome.set(own, entries);
    return own;
  };
}

/** Asked once for each entry that is sent: up to which head the log is complete with it. 0: that is for another entry to say. */
export function completesLogTo(head: Head | undefined): number {
  if (head === undefined) return 0;
  const entries = toCome.get(head);
  if (entries === undefined) return 0;
  // One that names it again is not another's.
  toCome.delete(head);
  entries.left -= 1;
  return entries.left === 0 ? head.sequence : 0;
}
