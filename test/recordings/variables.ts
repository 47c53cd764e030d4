// The variables of one scenario: `{name}` in any text. What a client chooses gets a fresh value when it is first sent; what
// the service makes is bound by the first answer that shows it.
import { randomUUID } from 'node:crypto';
import type { Json } from './exchanges.ts';

const NAMES = /\{([a-z]+)\d*\}/gi;
/** Ends an address, query included, so that it may hold anything. */
const OPEN_ENDED = ['operation', 'connection', 'next', 'bytes'];

/** Counts down: keys of a scenario come before those that earlier ones left, and so on the first page of a list. */
let left = 999_999;

const CHOSEN: ReadonlyMap<string, () => string> = new Map([
  ['key', () => `key-${left--}-${randomUUID()}`],
  ['pool', () => `pool${randomUUID().slice(0, 8)}`],
  ['group', () => `group-${randomUUID()}`],
  ['location', () => 'local'],
  ...['assignment', 'definition', 'principal', 'guid'].map((name) => [name, randomUUID] as const),
]);

/** A request that needs what no answer has shown. */
export class Unbound extends Error {
  override readonly name = 'Unbound';
}

export class Variables {
  readonly #values: Map<string, string>;

  constructor(known: Readonly<Record<string, string>> | Variables) {
    this.#values = new Map(known instanceof Variables ? known.#values : Object.entries(known));
  }

  /** Takes over what a trial on a copy has bound. */
  adopt(trial: Variables): void {
    for (const [name, value] of trial.#values) this.#values.set(name, value);
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  bind(name: string, value: string): void {
    this.#values.set(name, value);
  }

  /** Of a request. @throws Unbound */
  fill<T extends Json>(value: T): T;
  fill(value: Json): Json {
    if (typeof value === 'string') return value.replace(NAMES, (whole, kind: string) => this.#send(whole, kind));
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map((entry) => this.fill(entry as Json));
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, this.fill(entry as Json)]));
  }

  /** Whether an answer's text is what the recorded one says, by values that are bound or become so by it. */
  matches(recorded: string, answered: string): boolean {
    const open = new Map<string, string>();
    const pattern = recorded.replace(/\{\*\}|\{([a-z]+)\d*\}|[^{]+|\{/gi, (token, kind: string | undefined) => {
      if (token === '{*}') return '.*';
      if (kind === undefined) return RegExp.escape(token);
      const bound = this.#values.get(token.slice(1, -1));
      if (bound !== undefined) return RegExp.escape(bound);
      const group = open.get(token);
      if (group !== undefined) return `\\k<${group}>`;
      const name = `v${open.size}`;
      open.set(token, name);
      return `(?<${name}>${OPEN_ENDED.includes(kind) ? '.+' : '[^/?]+'})`;
    });
    const found = new RegExp(`^${pattern}$`, 's').exec(answered);
    if (found === null) return false;
    for (const [token, group] of open) this.bind(token.slice(1, -1), found.groups?.[group] ?? '');
    return true;
  }

  #send(whole: string, kind: string): string {
    const name = whole.slice(1, -1);
    const value = this.#values.get(name) ?? CHOSEN.get(kind)?.();
    if (value === undefined) throw new Unbound(`${whole}, which no answer has shown`);
    this.bind(name, value);
    return value;
  }
}
