// What a custodian's certificate calls them, for the register.

import type { X509Certificate } from 'node:crypto';
import { printableLine } from '../../formats/printable.ts';

/** Undefined when it says nothing that people can read. */
export function subjectOf({ subject }: X509Certificate): string | undefined {
  const name = /^CN=(.+)$/m.exec(subject ?? '')?.[1] ?? '';
  return name !== '' && name.length <= 200 && printableLine(name) === name ? name : undefined;
}
