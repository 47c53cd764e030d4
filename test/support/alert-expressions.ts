// The alerts of the guide, as it prints them: expressions of jq, read here as far as they need it (paths, texts, null,
// comparison, and, or, brackets), so that the page is tried on real entries wherever the tests run.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoggedEntry } from './audit-entries.ts';
import { CHECKOUT } from './running-product.ts';

export type Alert = (entry: LoggedEntry) => boolean;

/** In the order of the page. */
export function guideAlerts(): readonly string[] {
  const page = readFileSync(join(CHECKOUT, 'docs/guide/audit.md'), 'utf8');
  return [...page.matchAll(/^```jq\n([^]*?)\n```$/gm)].map(([, expression = '']) => expression);
}

type Term = (entry: LoggedEntry) => unknown;

export function alertOf(expression: string): Alert {
  const words = expression.match(/"[^"]*"|\.[\w.]+|==|!=|\w+|[()]|\S/g) ?? [];
  let at = 0;
  const takes = (word: string): boolean => words[at] === word && (at += 1) > 0;
  const isTrue = (value: unknown): boolean => value !== null && value !== undefined && value !== false;
  const any = (): Term => {
    const terms = [all()];
    while (takes('or')) terms.push(all());
    return (entry) => terms.some((term) => isTrue(term(entry)));
  };
  const all = (): Term => {
    const terms = [comparison()];
    while (takes('and')) terms.push(comparison());
    return terms.length === 1 ? (terms[0] as Term) : (entry) => terms.every((term) => isTrue(term(entry)));
  };
  const comparison = (): Term => {
    const left = operand();
    const isEqual = takes('==');
    if (!isEqual && !takes('!=')) return left;
    const right = operand();
    return (entry) => ((left(entry) ?? null) === (right(entry) ?? null)) === isEqual;
  };
  const operand = (): Term => {
    const word = words[at++] ?? '';
    if (word === '(') {
      const inner = any();
      if (!takes(')')) throw new SyntaxError(`a bracket is open in ${expression}`);
      return inner;
    }
    if (word.startsWith('"')) return () => word.slice(1, -1);
    if (word === 'null') return () => null;
    if (!word.startsWith('.')) throw new SyntaxError(`'${word}' is not read here, in ${expression}`);
    return (entry) => word.slice(1).split('.').reduce<unknown>(memberOf, entry);
  };
  const whole = any();
  if (at < words.length) throw new SyntaxError(`'${words[at]}' is too many in ${expression}`);
  return (entry) => isTrue(whole(entry));
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : null;
}
