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
export function openMemories(now: () => number): (model: string) => MemoryAdapter {
  const begun = new IssuerMemory(now);
  const kept = new IssuerMemory(now);
  return (model) => new MemoryAdapter(BEGUN.has(model) ? begun : kept, model);
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

/** The library's adapter interface for one of its models. */
class MemoryAdapter {
  readonly #memory: IssuerMemory;
  readonly #prefix: string;

  constructor(memory: IssuerMemory, model: string) {
    this.#memory = memory;
    this.#prefix = `${model}:`;
  }

  async upsert(id: string, payload: Payload, seconds: number): Promise<void> {
    this.#memory.set(this.#prefix + id, payload, seconds);
  }

  async find(id: string): Promise<Payload | undefined> {
    return this.#memory.get(this.#prefix + id);
  }

  async findByUserCode(userCode: string): Promise<Payload | undefined> {
    return this.#memory.find(this.#prefix, (payload) => payload.userCode === userCode);
  }

  async findByUid(uid: string): Promise<Payload | undefined> {
    return this.#memory.find(this.#prefix, (payload) => payload.uid === uid);
  }

  async consume(id: string): Promise<void> {
    const payload = this.#memory.get(this.#prefix + id);
    if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id: string): Promise<void> {
    this.#memory.delete(this.#prefix + id);
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    this.#memory.deleteWhere((payload) => payload.grantId === grantId);
  }
}
