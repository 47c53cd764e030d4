// What a custodian's certificate calls them, for the register.
import type { X509Certificate } from 'node:crypto';

/** Undefined when it says nothing that people can read. */
export function subjectOf({ subject }: X509Certificate): string | undefined {
  const name = /^CN=(.+)$/m.exec(subject ?? '')?.[1] ?? '';
  return /^[^\p{C}\p{Zl}\p{Zp}]{1,200}$/u.test(name) ? name : undefined;
}
