// All that a backup holds of an instance, as it is at one head. Taken in one go and never changed afterwards: key versions
// are replaced in memory, not edited, so what is changed or purged meanwhile stays in the view as it was.
import type { Head, Records } from '../../store/sealed/records.ts';
import type { KeyVersion } from '../keys/key-version.ts';
import type { BackupService } from './service.ts';

export interface KeyInView {
  /** Lower case. */
  readonly name: string;
  /** Oldest first. Of deleted keys too. */
  readonly versions: readonly KeyVersion[];
}

export interface View {
  readonly head: Head;
  /** By ascending names. */
  readonly keys: readonly KeyInView[];
  readonly texts: ReadonlyMap<string, string>;
}

/** Synchronous, for nothing may come between. */
export function takeView({
  keys,
  texts,
  records,
}: Pick<BackupService, 'keys' | 'texts'> & { readonly records: Pick<Records, 'head'> }): View {
  return { head: records.head, keys: keys.snapshot(), texts: texts.snapshot() };
}
