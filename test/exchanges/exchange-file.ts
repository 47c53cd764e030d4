// The text of recorded exchanges, one file for an area: what is sent (`> `), what was answered (`< `), both as they stand on
// the wire but for what cannot be the same twice, which has a name in angle brackets. Lines before the first `===` say what
// holds for all exchanges of the file, lines below a title what holds for that one.

export interface Exchange {
  readonly title: string;
  /** `to`, `as`, `random`, … as they were written. */
  readonly options: Readonly<Record<string, string>>;
  readonly sent: readonly string[];
  readonly answer: readonly string[];
}

export interface ExchangeFile {
  /** Everything before the first exchange, as it was written. */
  readonly opening: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  readonly exchanges: readonly Exchange[];
}

const OPTIONS: readonly string[] = ['to', 'as', 'random', 'body', 'until', 'raw'];
const TITLE = '=== ';

/** @throws Error that names the line */
export function parseExchanges(text: string): ExchangeFile {
  const [opening = [], ...blocks] = blocksOf(text.split('\n'));
  return {
    opening,
    options: optionsOf(opening.filter((line) => line !== '' && !line.startsWith('#'))),
    exchanges: blocks.map(([title = '', ...lines]) => {
      const sent = lines.filter((line) => line.startsWith('>'));
      const answer = lines.filter((line) => line.startsWith('<'));
      const rest = lines.filter((line) => line !== '' && !/^[<>]/.test(line));
      if (sent.length === 0) throw new Error(`${title} sends nothing`);
      return {
        title: title.slice(TITLE.length),
        options: optionsOf(rest),
        sent: sent.map(unmarked),
        answer: answer.map(unmarked),
      };
    }),
  };
}

export function writeExchanges({ opening, exchanges }: ExchangeFile): string {
  return [
    ...opening,
    ...exchanges.flatMap(({ title, options, sent, answer }) => [
      `${TITLE}${title}`,
      ...Object.entries(options).map(([name, value]) => `${name}: ${value}`),
      ...sent.map((line) => marked('>', line)),
      ...answer.map((line) => marked('<', line)),
      '',
    ]),
  ].join('\n');
}

function blocksOf(lines: readonly string[]): readonly (readonly string[])[] {
  const starts = lines.flatMap((line, index) => (line.startsWith(TITLE) ? [index] : []));
  return [0, ...starts].map((start, index) => lines.slice(start, starts[index]));
}

function optionsOf(lines: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(': ');
      if (!OPTIONS.includes(line.slice(0, at))) throw new Error(`no option of an exchange: ${line}`);
      return [line.slice(0, at), line.slice(at + 2)];
    }),
  );
}

function marked(mark: string, line: string): string {
  return line === '' ? mark : `${mark} ${line}`;
}

function unmarked(line: string): string {
  return line.slice(2);
}
