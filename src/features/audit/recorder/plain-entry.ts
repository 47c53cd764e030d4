// Whether an entry reads as one, where its sender is not trusted with the log: what is no JSON object, or names a store head that is
// none, would be damage to every verifier from then on.

export function isPlainEntry(entry: Uint8Array, headSequence: number): boolean {
  if (headSequence !== 0) return false;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(entry));
    return typeof value === 'object' && value !== null && !Array.isArray(value) && !('storeHead' in value);
  } catch {
    return false;
  }
}
