// What verified tokens gave, found by their hash. Bounded in two generations: when the young one is full the old one is dropped, and
// what is still used moves over. Refused tokens are never kept, so garbage takes no room.

/** @param max the most tokens kept, both generations together */
export function tokenCache<T extends object>(max: number) {
  const half = Math.max(1, Math.floor(max / 2));
  let young = new Map<string, T>();
  let old = new Map<string, T>();

  function set(digest: string, verified: T): void {
    if (young.size >= half && !young.has(digest)) {
      old = young;
      young = new Map();
    }
    young.set(digest, verified);
    old.delete(digest);
  }

  return {
    get(digest: string): T | undefined {
      const found = young.get(digest);
      if (found !== undefined) return found;
      const aged = old.get(digest);
      if (aged !== undefined) set(digest, aged);
      return aged;
    },
    set,
    delete(digest: string): void {
      young.delete(digest);
      old.delete(digest);
    },
    clear(): void {
      young.clear();
      old.clear();
    },
    get size(): number {
      return young.size + old.size;
    },
  };
}
