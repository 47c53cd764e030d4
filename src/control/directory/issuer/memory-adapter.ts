// Where the protocol library keeps codes, grants, sessions and refresh tokens: in memory, with an end and a limit.
// A restart of the process signs interactive users out; nobody else notices.

type Payload = Record<string, unknown>;
interface Entry {
  readonly payload: Payload;
  readonly endsAt: number;
}

export const MAX_ENTRIES = 20_000;
/** Made for whoever asks, before anybody has shown who they are. */
const BEGUN: ReadonlySet<string> = new Set(['DeviceCode', 'Interaction']);
/** How long something of a sign-in that is begun stays: what callers may begin meanwhile is less than there is room for. */
export const BEGUN_SECONDS = 900;

/** Sign-ins that were begun have a memory of their own, so that no number of them takes the room of what people have. */
export function openMemories(now: () => number): (model: string) => ReturnType<typeof adapterOf> {
  const begun = new IssuerMemory(now);
  const kept = new IssuerMemory(now);
  return (model) => adapterOf(BEGUN.has(model) ? begun : kept, `${model}:`);
}

/** The library's adapter interface for one of its models. */
function adapterOf(memory: IssuerMemory, prefix: string) {
  const findBy = async (member: string, value: string) => memory.find(prefix, (payload) => payload[member] === value);
  return {
    upsert: async (id: string, payload: Payload, seconds: number) => memory.set(prefix + id, payload, seconds),
    find: async (id: string) => memory.get(prefix + id),
    findByUserCode: (userCode: string) => findBy('userCode', userCode),
    findByUid: (uid: string) => findBy('uid', uid),
    async consume(id: string) {
      const payload = memory.get(prefix + id);
      if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
    },
    destroy: async (id: string) => memory.delete(prefix + id),
    revokeByGrantId: async (grantId: string) => memory.deleteWhere((payload) => payload.grantId === grantId),
  };
}

/** One for several of the library's models. `now` in milliseconds. */
class IssuerMemory {
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get(key: string): Payload | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.endsAt > this.#now()) return entry.payload;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, payload: Payload, seconds: number): void {
    this.#entries.delete(key);
    if (this.#entries.size >= MAX_ENTRIES) this.#makeRoom();
    this.#entries.set(key, { payload, endsAt: this.#now() + seconds * 1000 });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  deleteWhere(matches: (payload: Payload) => boolean): void {
    for (const [key, { payload }] of this.#entries) if (matches(payload)) this.#entries.delete(key);
  }

  find(prefix: string, matches: (payload: Payload) => boolean): Payload | undefined {
    for (const [key, { payload }] of this.#entries) {
      if (key.startsWith(prefix) && matches(payload)) return this.get(key);
    }
    return undefined;
  }

  /** What has ended goes first; if that is not enough, the oldest tenth. */
  #makeRoom(): void {
    const now = this.#now();
    for (const [key, { endsAt }] of this.#entries) if (endsAt <= now) this.#entries.delete(key);
    if (this.#entries.size < MAX_ENTRIES) return;
    let surplus = MAX_ENTRIES / 10;
    for (const key of this.#entries.keys()) {
      if (surplus-- <= 0) break;
      this.#entries.delete(key);
    }
  }
}
