// What people have to look at in a ceremony that has ended: what did not match, was refused or warned of by the HSM, and what they
// noted themselves. A step that may be left out, and was, is none: it stands among the steps, with the reason.
import type { Entry } from './journal.ts';

const KINDS: ReadonlySet<Entry['what']> = new Set(['mismatch', 'refused', 'answer', 'note']);

export function exceptionsIn(entries: readonly Entry[]): readonly Entry[] {
  return entries.filter(({ what }) => KINDS.has(what));
}
