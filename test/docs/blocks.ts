// What becomes of the shell blocks of our pages: `test/docs` runs them, unless the comment before a block says otherwise.
// CONTRIBUTING.md explains the comments to who writes a page. A block is of a shell if its language is none, sh, bash or console.
const MARKS = ['file', 'fails', 'run by', 'not run'] as const;
const SHELL = ['', 'sh', 'bash', 'console'];
/** Paths of the pages whose blocks are run. */
export const PAGE = /^(docs\/.*|README|CONTRIBUTING|SECURITY)\.md$/;

export interface Step {
  readonly kind: 'run' | 'given' | 'where' | (typeof MARKS)[number];
  /** What the mark says; empty for blocks that are run as they are. */
  readonly value: string;
  readonly body: string;
  /** Of the block's fence or of the comment, from 1. */
  readonly line: number;
}

export interface Page {
  readonly steps: readonly Step[];
  /** Comments that are no mark of anything. */
  readonly wrong: readonly { readonly line: number; readonly what: string }[];
}

interface Mark {
  readonly kind: (typeof MARKS)[number];
  readonly value: string;
}

export function readPage(text: string): Page {
  const lines = text.split('\n');
  const steps: Step[] = [];
  const wrong: { line: number; what: string }[] = [];
  const whole = markOf(lines[0] ?? '');
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1;
    const [, indent = '', fence, language = ''] = /^(\s*)(```+)([a-z]*)/.exec(lines[at] ?? '') ?? [];
    if (fence !== undefined) {
      const end = lines.findIndex((each, index) => index > at && each.trim() === fence);
      const inside = lines.slice(line, end === -1 ? lines.length : end);
      const body = inside.map((each) => `${each.startsWith(indent) ? each.slice(indent.length) : each}\n`).join('');
      const mark =
        markOf(lines[at - 1] ?? '') ?? (SHELL.includes(language) ? (whole ?? { kind: 'run', value: '' }) : undefined);
      if (mark !== undefined) steps.push({ ...mark, line, body: language === 'console' ? typed(body) : body });
      at += inside.length + 1;
      continue;
    }
    const comment = /^\s*<!-- ([a-z ]+):(.*)$/.exec(lines[at] ?? '');
    if (comment === null) continue;
    const [, kind = '', rest = ''] = comment;
    const where = /^ (.+?) = (.*?) ?-->$/.exec(rest);
    if (kind === 'given' && rest === '') {
      const end = lines.findIndex((each, index) => index > at && each.trim() === '-->');
      steps.push({
        kind,
        value: '',
        line,
        body: lines
          .slice(line, end)
          .map((each) => `${each.trimStart()}\n`)
          .join(''),
      });
      at = end;
    } else if (kind === 'where' && where !== null) {
      steps.push({ kind, value: where[1] ?? '', line, body: where[2] ?? '' });
    } else if (markOf(lines[at] ?? '') === undefined) {
      wrong.push({ line, what: `"${kind}" with ${JSON.stringify(rest)} says nothing about a block` });
    } else if (at > 0 && !/^\s*```/.test(lines[line] ?? '')) {
      wrong.push({ line, what: 'a mark stands on the line before its block' });
    }
  }
  return { steps, wrong };
}

function markOf(line: string): Mark | undefined {
  const [, kind, value = ''] = /^\s*<!-- ([a-z ]+): (\S.*) -->$/.exec(line) ?? [];
  const known = MARKS.find((each) => each === kind);
  return known === undefined ? undefined : { kind: known, value };
}

/** Of a console, what was typed at its prompt. */
function typed(body: string): string {
  let continued = false;
  const isTyped = (line: string): boolean => {
    const is = continued || line.startsWith('$ ');
    continued = is && line.endsWith('\\');
    return is;
  };
  return body
    .split('\n')
    .filter(isTyped)
    .map((line) => `${line.replace(/^\$ /, '')}\n`)
    .join('');
}
