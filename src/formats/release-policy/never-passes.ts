// Finds conditions that no token can meet, so that a policy which locks its key away for ever is noticed before it is
// made immutable. It warns only where it is sure; it does not find every such policy.
import { meets } from './evaluate.ts';
import type { Claim, Condition, Policy } from './grammar.ts';

/** A sentence for each authority whose conditions contradict each other. */
export function policyWarnings({ authorities }: Policy): readonly string[] {
  const dead = authorities.filter(({ condition }) => contradiction(condition, []) !== undefined);
  const sentences = dead.map(
    ({ authority, condition }) =>
      `no token of ${authority} can pass: claim ${contradiction(condition, []) ?? ''} is asked for contradictory values`,
  );
  return dead.length === authorities.length
    ? [...sentences, 'the key can never be released under this policy']
    : sentences;
}

/** A claim for which nothing can be true at once, given the claims already asked for; undefined when none is found. */
function contradiction(condition: Condition, asked: readonly Claim[]): string | undefined {
  if ('claim' in condition) return clash([...asked, condition], condition.claim);
  if ('anyOf' in condition) {
    const found = condition.anyOf.map((part) => contradiction(part, asked));
    return found.every((claim) => claim !== undefined) ? found[0] : undefined;
  }
  const flat = flatten(condition.allOf);
  const claims = [...asked, ...flat.filter((part): part is Claim => 'claim' in part)];
  for (const claim of new Set(claims.map(({ claim: name }) => name))) {
    const found = clash(claims, claim);
    if (found !== undefined) return found;
  }
  for (const part of flat) {
    const found = 'anyOf' in part ? contradiction(part, claims) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function flatten(parts: readonly Condition[]): readonly Condition[] {
  return parts.flatMap((part) => ('allOf' in part ? flatten(part.allOf) : [part]));
}

/** Tries every value that could matter: those asked for, and the numbers between and around the bounds. */
function clash(claims: readonly Claim[], name: string): string | undefined {
  const tests = claims.filter(({ claim }) => claim === name);
  const numbers = tests.flatMap(({ value }) => (typeof value === 'number' ? [value] : [])).sort((a, b) => a - b);
  const between = numbers.map((number, at) => (number + (numbers[at + 1] ?? number + 2)) / 2);
  const candidates: readonly unknown[] = [
    undefined,
    'a text that is in no policy',
    true,
    false,
    ...tests.map(({ value }) => value),
    ...between,
    (numbers[0] ?? 0) - 1,
  ];
  const possible = candidates.some((actual) => tests.every(({ operator, value }) => meets(operator, value, actual)));
  return possible ? undefined : name;
}
