// Provenance as people and programs see it: in the audit entry of the import, and in the answer of its own row.
import type { KeyVersion } from '../keys/key-version.ts';

/** For a key that was made here, only when. */
export function wireProvenance({ provenance, attributes }: KeyVersion): Readonly<Record<string, unknown>> {
  return { ...(provenance ?? { source: 'generated', at: attributes.created }) };
}

/** One line for the record of the import. */
export function provenanceNote(key: KeyVersion): string {
  return `provenance: ${JSON.stringify(wireProvenance(key))}`;
}
