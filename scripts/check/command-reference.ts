// The part of the reference page that comes from the rows of commands: each with what it does, and its options with what they mean.
// What is said in paragraphs, `--help` has.
import { type Command, commandsOf, dataOption, jsonOption, type Noun, type OptionList } from '../../src/cli/command.ts';
import { meaningOf, writtenAs } from '../../src/cli/help.ts';
import { instanceOptions } from '../../src/cli/instance-client.ts';
import { type Option, optionsOf, requiredOf } from '../../src/cli/parse.ts';

/** What many commands have: explained once, and named in the table of each word. */
const SHARED: Readonly<Record<string, OptionList>> = { instance: instanceOptions, data: dataOption, json: jsonOption };

export async function referenceOf(nouns: readonly Noun[]): Promise<string> {
  const parts = [shared()];
  for (const noun of nouns) parts.push(sectionOf(noun, await commandsOf([noun])));
  return parts.join('\n');
}

function shared(): string {
  const rows = Object.entries(SHARED).flatMap(([name, list]) =>
    optionsOf(list).map((option) => [name, written(option), meaningOf(option)]),
  );
  return table(['shared', 'option', 'meaning'], rows);
}

function sectionOf({ noun, summary }: Noun, commands: readonly Command[]): string {
  const rows = commands.map(({ name, operands, summary: does, options }) => {
    const words = operands === '' ? name : `${name} ${operands}`;
    return [`\`${words}\``, does, sharedBy(options).join(', ')];
  });
  const own = new Map<string, { readonly cells: readonly [string, string]; readonly of: string[] }>();
  for (const command of commands) {
    const { name, options } = command;
    const required = requiredOf(command);
    const known = new Set(sharedBy(options).flatMap((each) => Object.keys(SHARED[each] ?? {})));
    for (const option of optionsOf(Object.fromEntries(Object.entries(options).filter(([spec]) => !known.has(spec))))) {
      const cells = [written(option), meaningOf(option, required)] as const;
      const key = cells.join(' ');
      const verb = name === noun ? noun : name.slice(noun.length + 1);
      own.set(key, { cells, of: [...(own.get(key)?.of ?? []), verb] });
    }
  }
  const options = [...own.values()].map(({ cells: [spec, meaning], of }) => [spec, of.join(', '), meaning]);
  return [
    `### strongroom ${noun}\n`,
    ...(summary === undefined ? [] : [`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.\n`]),
    table(['command', 'what it does', 'shared options'], rows),
    ...(options.length === 0 ? [] : [table(['option', 'of', 'meaning'], options)]),
  ].join('\n');
}

function sharedBy(options: OptionList): readonly string[] {
  const has = (list: OptionList): boolean => Object.entries(list).every(([spec, says]) => options[spec] === says);
  const found = Object.keys(SHARED).filter((name) => has(SHARED[name] ?? {}));
  return found.includes('instance') ? found.filter((name) => name !== 'data') : found;
}

function written(option: Option): string {
  const { letter, isRepeated } = option;
  return `\`${letter === undefined ? '' : `-${letter}, `}${writtenAs(option)}${isRepeated ? '...' : ''}\``;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heads, heads.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`)
    .join('');
}
