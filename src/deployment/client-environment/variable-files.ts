// Variables as their readers want them: shell text that any of sh, bash and zsh may evaluate, the file of `$GITHUB_ENV`, and
// dotenv files. Of the files neither can take a variable away.
import { randomUUID } from 'node:crypto';

/** One variable to set, or (undefined) to unset. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Every value single-quoted, every name checked. @throws when a value has a NUL, which no shell can hold */
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

/**
 * For `$GITHUB_ENV`: what a runner sets for the later steps of a job. What is to be cleared is emptied where it is set now, else left
 * out, as some clients take an empty variable for a value.
 */
export function githubLines(variables: Variables, now: NodeJS.ProcessEnv): string {
  return Object.entries(variables)
    .flatMap(([name, value]) => {
      const text = value ?? (now[name] === undefined ? undefined : '');
      if (text === undefined) return [];
      if (!/[\r\n]/.test(text)) return [`${name}=${text}\n`];
      const end = `end-${randomUUID()}`;
      return [`${name}<<${end}\n${text}\n${end}\n`];
    })
    .join('');
}

/** Workflow commands, not lines of the file: from then on the runner shows the values as stars. */
export function githubMasks(secrets: readonly string[]): string {
  const escaped = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  return secrets.map((secret) => `::add-mask::${escaped(secret)}\n`).join('');
}

/**
 * Readers of these files agree on little: docker takes a value as it stands, others take quotes away and differ in what is escaped
 * within. So values are bare where they can be. @throws RangeError for one that no two readers would read alike
 */
export function dotenvLines(variables: Variables): string {
  return Object.entries(variables)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${dotenvValue(name, value)}\n`]))
    .join('');
}

function dotenvValue(name: string, value: string): string {
  if (/^[\w./:@%+,=~-]*$/.test(value)) return value;
  if (!/['\\\r\n]/.test(value)) return `'${value}'`;
  throw new RangeError(`${name} has a quote, backslash or line break, which readers of dotenv files take differently`);
}
