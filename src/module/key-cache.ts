// Opened keys of this partition, least recently used first to go. A handle is never given twice, so a stale one can only
// miss.
import type { EngineKey } from '../crypto/engines/engine.ts';
import { CryptoError, type KeyBinding } from '../crypto/protocol/messages.ts';

export interface OpenedKey {
  readonly key: EngineKey;
  readonly keyOps: ReadonlySet<string>;
}

export class KeyCache implements Disposable {
  readonly #size: number;
  readonly #keys = new Map<number, OpenedKey>();
  #lastHandle = 0;
  #newest = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** Takes the key over: it is disposed of when it leaves the cache. */
  add(key: EngineKey, binding: KeyBinding): number {
    if (this.#lastHandle === 0xffff_ffff) throw new CryptoError('Busy', 'this partition has given its last handle');
    const handle = ++this.#lastHandle;
    this.#keys.set(handle, { key, keyOps: new Set(binding.keyOps) });
    this.#newest = handle;
    if (this.#keys.size > this.#size) {
      for (const [oldest, opened] of this.#keys) {
        this.#keys.delete(oldest);
        opened.key[Symbol.dispose]();
        break;
      }
    }
    return handle;
  }

  /** @throws CryptoError UnknownHandle */
  get(handle: number): OpenedKey {
    const opened = this.#keys.get(handle);
    if (opened === undefined) throw new CryptoError('UnknownHandle', 'the key is not open here');
    if (handle !== this.#newest) {
      this.#keys.delete(handle);
      this.#keys.set(handle, opened);
      this.#newest = handle;
    }
    return opened;
  }

  [Symbol.dispose](): void {
    for (const { key } of this.#keys.values()) key[Symbol.dispose]();
    this.#keys.clear();
  }
}
