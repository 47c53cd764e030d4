// Verified tokens, found by hash. Bounded in two generations: when the young one is full the old one is dropped, and
// what is still used moves over. Refused tokens are never kept, so garbage takes no room.
import type { Principal } from '../../wire/principal.ts';

export interface TokenCache {
  get(digest: string): Principal | undefined;
  set(digest: string, principal: Principal): void;
  delete(digest: string): void;
  clear(): void;
  readonly size: number;
}

/** @param max the most principals kept, both generations together */
export function tokenCache(max: number): TokenCache {
  const half = Math.max(1, Math.floor(max / 2));
  let young = new Map<string, Principal>();
  let old = new Map<string, Principal>();

  function set(digest: string, principal: Principal): void {
    if (young.size >= half && !young.has(digest)) {
      old = young;
      young = new Map();
    }
    young.set(digest, principal);
    old.delete(digest);
  }

  return {
    get(digest) {
      const found = young.get(digest);
      if (found !== undefined) return found;
      const aged = old.get(digest);
      if (aged !== undefined) set(digest, aged);
      return aged;
    },
    set,
    delete(digest) {
      young.delete(digest);
      old.delete(digest);
    },
    clear() {
      young.clear();
      old.clear();
    },
    get size() {
      return young.size + old.size;
    },
  };
}
