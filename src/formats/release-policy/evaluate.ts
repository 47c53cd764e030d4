// Whether claims meet a condition, and why: one evaluator for the service, which needs the answer, and for `release
// simulate`, which shows the reasons.
import type { Claim, Condition, Scalar } from './grammar.ts';

export type Trace =
  | {
      readonly kind: 'claim';
      readonly claim: string;
      readonly operator: Claim['operator'];
      readonly expected: Scalar;
      /** Undefined: the token has no such claim. */
      readonly actual: unknown;
      readonly passes: boolean;
    }
  | { readonly kind: 'allOf' | 'anyOf'; readonly parts: readonly Trace[]; readonly passes: boolean };

export type Claims = Readonly<Record<string, unknown>>;

export function evaluate(condition: Condition, claims: Claims): Trace {
  if ('claim' in condition) {
    const actual = claimAt(claims, condition.claim);
    const { claim, operator, value } = condition;
    return { kind: 'claim', claim, operator, expected: value, actual, passes: meets(operator, value, actual) };
  }
  if ('allOf' in condition) {
    const parts = condition.allOf.map((part) => evaluate(part, claims));
    return { kind: 'allOf', parts, passes: parts.every(({ passes }) => passes) };
  }
  const parts = condition.anyOf.map((part) => evaluate(part, claims));
  return { kind: 'anyOf', parts, passes: parts.some(({ passes }) => passes) };
}

/** Follows the dots through objects, own members only. Lists have no members here. */
function claimAt(claims: Claims, path: string): unknown {
  let at: unknown = claims;
  for (const part of path.split('.')) {
    if (typeof at !== 'object' || at === null || Array.isArray(at) || !Object.hasOwn(at, part)) return undefined;
    at = (at as Record<string, unknown>)[part];
  }
  return at;
}

/** A claim that is missing meets nothing, but that it should not exist. */
export function meets(operator: Claim['operator'], expected: Scalar, actual: unknown): boolean {
  if (operator === 'exists') return (actual !== undefined) === expected;
  if (actual === undefined) return false;
  switch (operator) {
    case 'equals':
      return isScalar(actual) && same(expected, actual);
    case 'notEquals':
      // Of a list or an object it cannot be said.
      return isScalar(actual) && !same(expected, actual);
    case 'less':
      return compares(actual, expected, (a, b) => a < b);
    case 'lessOrEquals':
      return compares(actual, expected, (a, b) => a <= b);
    case 'greater':
      return compares(actual, expected, (a, b) => a > b);
    case 'greaterOrEquals':
      return compares(actual, expected, (a, b) => a >= b);
  }
}

/** Policies write booleans as texts, and the service takes them so; nothing else is converted. */
function same(expected: Scalar, actual: Scalar): boolean {
  if (typeof expected === 'boolean' || typeof actual === 'boolean') return String(expected) === String(actual);
  return expected === actual;
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function compares(actual: unknown, expected: Scalar, test: (a: number, b: number) => boolean): boolean {
  return typeof actual === 'number' && typeof expected === 'number' && test(actual, expected);
}
