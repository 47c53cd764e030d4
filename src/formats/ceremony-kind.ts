// What ceremonies there are.

export const CEREMONY_KINDS = ['activation', 'recovery', 'resharing'] as const;
export type CeremonyKind = (typeof CEREMONY_KINDS)[number];

export function isCeremonyKind(kind: string): kind is CeremonyKind {
  return (CEREMONY_KINDS as readonly string[]).includes(kind);
}
