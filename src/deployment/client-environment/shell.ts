// Shell text that any of sh, bash and zsh may evaluate: every value single-quoted, every name checked.

/** One variable to set, or (undefined) to unset. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** @throws when a value has a NUL, which no shell can hold */
export function shellLines(variables: Variables): string {
  return Object.entries(variables)
    .map(([name, value]) => {
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new Error(`'${name}' is no name of a variable`);
      return value === undefined ? `unset ${name}` : `export ${name}=${shellQuoted(value)}`;
    })
    .map((line) => `${line}\n`)
    .join('');
}

export function shellQuoted(value: string): string {
  if (value.includes('\0')) throw new Error('a shell variable cannot hold a NUL');
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
