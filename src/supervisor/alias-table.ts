// The aliases that the supervisor goes by, and what it does when the file changes: first whoever loses an alias gives it
// up, then whoever gains one answers under it. A file that cannot be used changes nothing.
import { type FSWatcher, watch } from 'node:fs';
import { ALIASES_FILE, type Aliases, aliasesOf, readAliases } from '../deployment/aliases.ts';

export interface AliasBookOptions {
  readonly root: string;
  /** Why no client could reach an instance under this name. */
  readonly refusal: (alias: string) => string | undefined;
  /** Resolves when these answer under the names of the book as it is now; those that do not run are left alone. */
  readonly renew: (instances: readonly string[]) => Promise<void>;
  /** Every name leads to where the book says now. */
  readonly changed: () => void;
  readonly report: (text: string) => void;
}

export class AliasTable implements AsyncDisposable {
  readonly #options: AliasBookOptions;
  readonly #watcher: FSWatcher;
  /** What the file says. */
  #wanted: Aliases;
  /** What instances answer under from their next start on. */
  #held: Aliases;
  /** Of what is wanted, what they answer under already. */
  #settled: Aliases;
  /** Of what is wanted, what no instance is to answer under, and why. */
  #refused: Readonly<Record<string, string>> = {};
  #applying: Promise<void> = Promise.resolve();
  #closed = false;

  /** @throws ConfigError when the file cannot be used */
  constructor(options: AliasBookOptions) {
    this.#options = options;
    this.#wanted = readAliases(options.root);
    this.#held = this.#settled = this.#usable();
    this.#watcher = watch(options.root, (_event, file) => {
      if (file === ALIASES_FILE) this.#applying = this.#applying.then(() => this.#apply());
    });
    this.#watcher.on('error', (error) => options.report(`aliases are not watched any more: ${error.message}`));
  }

  /** The instance that a name belongs to, whether or not it answers already. */
  owner(alias: string): string | undefined {
    return Object.hasOwn(this.#wanted, alias) ? this.#wanted[alias]?.instance : undefined;
  }

  get settled(): Aliases {
    return this.#settled;
  }

  get refused(): Readonly<Record<string, string>> {
    return this.#refused;
  }

  /** Where each name leads now: to an instance, or (empty) to none while it is on its way to one. */
  get leads(): Readonly<Record<string, string>> {
    return Object.fromEntries(Object.keys(this.#wanted).map((alias) => [alias, this.#settled[alias]?.instance ?? '']));
  }

  /** What this instance is to answer under when it starts. */
  of(instance: string): readonly string[] {
    return aliasesOf(this.#held, instance);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#watcher.close();
    await this.#applying;
  }

  /** Never rejects. */
  async #apply(): Promise<void> {
    if (this.#closed) return;
    const { root, renew, changed, report } = this.#options;
    const told = (error: unknown): void => report(`aliases: ${error instanceof Error ? error.message : String(error)}`);
    let after: Aliases;
    try {
      after = readAliases(root);
    } catch (error) {
      told(error);
      return;
    }
    const before = this.#held;
    this.#wanted = after;
    after = this.#usable();
    for (const [alias, reason] of Object.entries(this.#refused)) report(`aliases: '${alias}' leads nowhere: ${reason}`);
    const kept = Object.fromEntries(
      Object.entries(before).filter(([name, { instance }]) => after[name]?.instance === instance),
    );
    this.#held = this.#settled = kept;
    changed();
    try {
      await renew(instancesThatDiffer(before, kept));
      this.#held = after;
      await renew(instancesThatDiffer(kept, after));
    } catch (error) {
      told(error); // it goes on being started
    }
    this.#held = this.#settled = after;
    changed();
  }

  #usable(): Aliases {
    const reasons = Object.keys(this.#wanted).map((alias) => [alias, this.#options.refusal(alias)] as const);
    this.#refused = Object.fromEntries(reasons.flatMap(([alias, why]) => (why === undefined ? [] : [[alias, why]])));
    return Object.fromEntries(Object.entries(this.#wanted).filter(([alias]) => !Object.hasOwn(this.#refused, alias)));
  }
}

function instancesThatDiffer(one: Aliases, other: Aliases): readonly string[] {
  const instances = new Set([...Object.values(one), ...Object.values(other)].map(({ instance }) => instance));
  return [...instances].filter((name) => aliasesOf(one, name).join() !== aliasesOf(other, name).join());
}
