// Whether an entry reads as one, where its sender is not trusted with the log: what is no JSON object, or names a store head that is
// none, would be damage to every verifier from then on. It is spelled as we spell it, so that no two readers see two things in it.

export function isPlainEntry(entry: Uint8Array, headSequence: number): boolean {
  if (headSequence !== 0) return false;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(entry);
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value) || 'storeHead' in value) return false;
    return JSON.stringify(value) === text;
  } catch {
    return false;
  }
}
