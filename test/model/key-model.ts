// The small model of a key's life that the service is compared with: what is there, what is deleted until when, and what
// each version may do now. It knows nothing of how the service does it.

export const DAY = 86_400;
export const RETENTION_DAYS = 7;

export interface ModelVersion {
  readonly id: string;
  enabled: boolean;
  nbf?: number;
  exp?: number;
  /** What was encrypted with it, to be decrypted later. */
  ciphertext?: string;
}

export interface ModelKey {
  readonly versions: ModelVersion[];
  /** When it goes, if it is deleted. */
  purgeAt?: number;
}

export class KeyModel {
  readonly #keys = new Map<string, ModelKey>();

  /** There and not deleted. */
  live(name: string): ModelKey | undefined {
    const key = this.#keys.get(name);
    return key?.purgeAt === undefined ? key : undefined;
  }

  deleted(name: string): (ModelKey & { readonly purgeAt: number }) | undefined {
    const key = this.#keys.get(name);
    return key?.purgeAt === undefined ? undefined : { versions: key.versions, purgeAt: key.purgeAt };
  }

  current(name: string): ModelVersion | undefined {
    return this.live(name)?.versions.at(-1);
  }

  addVersion(name: string, version: ModelVersion): void {
    const key = this.#keys.get(name);
    if (key === undefined) this.#keys.set(name, { versions: [version] });
    else key.versions.push(version);
  }

  delete(name: string, purgeAt: number): void {
    const key = this.#keys.get(name);
    if (key !== undefined) key.purgeAt = purgeAt;
  }

  recover(name: string): void {
    const key = this.#keys.get(name);
    if (key !== undefined) this.#keys.set(name, { versions: key.versions });
  }

  purge(name: string): void {
    this.#keys.delete(name);
  }

  purgeDue(now: number): void {
    for (const [name, { purgeAt }] of this.#keys) if (purgeAt !== undefined && purgeAt <= now) this.#keys.delete(name);
  }
}

/** Which refusal an operation with a version meets at that time; undefined: none. */
export function refusalOf(version: ModelVersion, operation: 'encrypt' | 'decrypt', now: number): string | undefined {
  if (!version.enabled) return 'Forbidden/KeyDisabled';
  if (operation === 'decrypt') return undefined;
  if (version.nbf !== undefined && now < version.nbf) return 'Forbidden/KeyNotYetValid';
  if (version.exp !== undefined && now >= version.exp) return 'Forbidden/KeyExpired';
  return undefined;
}
