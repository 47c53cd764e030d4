// What a release policy says, read from its JSON: which authorities may vouch for an enclave, and which claims their token
// must make. Everything that is not in the grammar is refused with the place it stands at; nothing is ignored.

export type Scalar = string | number | boolean;
export type Claim = { readonly claim: string; readonly operator: Operator; readonly value: Scalar };
export type Condition = Claim | { readonly allOf: readonly Condition[] } | { readonly anyOf: readonly Condition[] };

export interface PolicyAuthority {
  /** As `normalAuthority` gives it. */
  readonly authority: string;
  readonly condition: Condition;
}

export interface Policy {
  readonly version: '1.0.0' | '1.0';
  /** One of them suffices. */
  readonly authorities: readonly PolicyAuthority[];
}

/** What each operator takes. */
export const operators = {
  equals: 'scalar',
  notEquals: 'scalar',
  less: 'number',
  lessOrEquals: 'number',
  greater: 'number',
  greaterOrEquals: 'number',
  exists: 'boolean',
} as const;
export type Operator = keyof typeof operators;

const DEPTH = 16;

/** Its text begins with the place: `anyOf[0].allOf[1].equals: …`. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}

/** @throws PolicyError */
export function readPolicy(value: unknown): Policy {
  const { version, anyOf, ...rest } = objectAt('policy', value);
  refuseRest('policy', rest);
  if (version !== '1.0.0' && version !== '1.0') throw wrong('version', "must be '1.0.0'");
  return { version, authorities: listAt('anyOf', anyOf).map((item, at) => readAuthority(`anyOf[${at}]`, item)) };
}

function readAuthority(place: string, value: unknown): PolicyAuthority {
  const { authority, ...condition } = objectAt(place, value);
  const name = typeof authority === 'string' ? normalAuthority(authority) : undefined;
  if (name === undefined) throw wrong(`${place}.authority`, 'must be an https address without query or credentials');
  if (!('allOf' in condition) && !('anyOf' in condition)) throw wrong(place, 'needs allOf or anyOf beside authority');
  return { authority: name, condition: readCondition(place, condition, 0) };
}

function readCondition(place: string, value: unknown, depth: number): Condition {
  if (depth > DEPTH) throw wrong(place, `is nested more than ${DEPTH} deep`);
  const members = inOneForm(objectAt(place, value));
  const names = Object.keys(members);
  if (!names.includes('claim')) {
    const [name] = names;
    if (names.length !== 1 || (name !== 'allOf' && name !== 'anyOf')) {
      throw wrong(place, 'must have exactly one of claim, allOf, anyOf');
    }
    const parts = listAt(`${place}.${name}`, members[name]).map((item, at) =>
      readCondition(`${place}.${name}[${at}]`, item, depth + 1),
    );
    return name === 'allOf' ? { allOf: parts } : { anyOf: parts };
  }
  const { claim, ...test } = members;
  if (typeof claim !== 'string' || claim.length > 256 || !claim.split('.').every((part) => part !== '')) {
    throw wrong(`${place}.claim`, 'must be the path of a claim, its parts separated by dots');
  }
  const [operator, spare] = Object.keys(test);
  if (operator === undefined || spare !== undefined || !isOperator(operator)) {
    throw wrong(place, `must have exactly one of ${Object.keys(operators).join(', ')} beside claim`);
  }
  return { claim, operator, value: readValue(`${place}.${operator}`, operator, test[operator]) };
}

function readValue(place: string, operator: Operator, value: unknown): Scalar {
  if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER) throw wrong(place, 'is too large');
  switch (operators[operator]) {
    case 'number':
      if (typeof value === 'number') return value;
      throw wrong(place, 'must be a number');
    case 'boolean':
      if (value === true || value === 'true') return true;
      if (value === false || value === 'false') return false;
      throw wrong(place, 'must be true or false');
    case 'scalar':
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
      throw wrong(place, 'must be a string, a number, true or false');
  }
}

/**
 * The name by which an authority is compared: scheme, host and path, without the slash that some write at the end.
 * Undefined for what cannot be one.
 */
export function normalAuthority(text: string): string | undefined {
  if (text.length > 1024 || !URL.canParse(text)) return undefined;
  const { protocol, origin, pathname, search, hash, username, password } = new URL(text);
  if (protocol !== 'https:' || search + hash + username + password !== '') return undefined;
  return origin + pathname.replace(/\/$/, '');
}

/** What is spelled `{claim, condition: operator, value}`, as older documents have it, in the spelling of today: `{claim, operator: value}`. */
export function inOneForm(members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { claim, condition, value, ...rest } = members;
  const isOlder = claim !== undefined && typeof condition === 'string' && value !== undefined;
  return isOlder && Object.keys(rest).length === 0 ? { claim, [condition]: value } : members;
}

function isOperator(name: string): name is Operator {
  return Object.hasOwn(operators, name);
}

function objectAt(place: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(place, 'must be an object');
  return value as Record<string, unknown>;
}

function listAt(place: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0) throw wrong(place, 'must be a list with at least one item');
  return value as unknown[];
}

function refuseRest(place: string, rest: object): void {
  const [name] = Object.keys(rest);
  if (name !== undefined) throw wrong(place, `has the unknown member '${name.slice(0, 40)}'`);
}

function wrong(place: string, text: string): PolicyError {
  return new PolicyError(`${place}: ${text}`);
}
