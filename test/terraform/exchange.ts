// An exchange of azurerm with the product, as exchanges.json keeps it: ids of one deployment and what a service makes anew
// each time are `${variables}`, values that merely have to be there are named by what they are (`<number>`).
export interface Exchange {
  readonly host: 'arm' | 'hsm';
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly status: number;
  /** Where an operation is polled, as the service spelled it. */
  readonly poll?: string;
  readonly answer?: unknown;
}

/** Names by value, for the recorder; values by name, for who replays. */
export type Variables = Map<string, string>;

const VARIABLE = /\$\{([a-z0-9]+)\}/gi;

export function fill<T>(template: T, values: Variables): T {
  if (typeof template === 'string') {
    return template.replaceAll(VARIABLE, (whole, name: string) => values.get(name) ?? whole) as T;
  }
  if (Array.isArray(template)) return template.map((each: unknown) => fill(each, values)) as T;
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([name, value]) => [name, fill(value, values)])) as T;
}

/**
 * Where a value is not what the exchange says, or nothing; a variable without a value takes it from here. What azurerm was not
 * answered then, members and items of lists, may be there now.
 */
export function difference(expected: unknown, actual: unknown, values: Variables, at = 'answer'): string | undefined {
  if (typeof expected === 'string') return textDifference(expected, actual, values, at);
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return `${at}: a list expected, got ${JSON.stringify(actual)}`;
    const wanted: readonly unknown[] = expected;
    const missing = wanted.find((item) => !actual.some((each) => isLike(item, each, values, at)));
    return missing === undefined ? undefined : `${at}: ${JSON.stringify(missing)} is not in ${JSON.stringify(actual)}`;
  }
  if (typeof expected === 'object' && expected !== null) {
    if (typeof actual !== 'object' || actual === null)
      return `${at}: an object expected, got ${JSON.stringify(actual)}`;
    const found = actual as Readonly<Record<string, unknown>>;
    return firstOf(
      Object.entries(expected).map(
        ([name, value]) =>
          () =>
            difference(value, found[name], values, `${at}.${name}`),
      ),
    );
  }
  return expected === actual ? undefined : `${at}: ${JSON.stringify(expected)} expected, got ${JSON.stringify(actual)}`;
}

function isLike(expected: unknown, actual: unknown, values: Variables, at: string): boolean {
  const taken: Variables = new Map(values);
  if (difference(expected, actual, taken, at) !== undefined) return false;
  for (const [name, value] of taken) values.set(name, value);
  return true;
}

function textDifference(expected: string, actual: unknown, values: Variables, at: string): string | undefined {
  const wrong = `${at}: ${expected} expected, got ${JSON.stringify(actual)}`;
  const kind = /^<(number|text)>$/.exec(expected)?.[1];
  if (kind === 'number') return typeof actual === 'number' ? undefined : wrong;
  if (typeof actual !== 'string') return wrong;
  if (kind === 'text') return actual === '' ? wrong : undefined;
  const known = fill(expected, values);
  const names = [...known.matchAll(VARIABLE)].map(([, name = '']) => name);
  const pattern = known
    .split(VARIABLE)
    .map((part, index) => (index % 2 === 0 ? RegExp.escape(part) : '([A-Za-z0-9-]+)'))
    .join('');
  const found = new RegExp(`^${pattern}$`).exec(actual);
  if (found === null) return `${wrong} (${known})`;
  for (const [index, name] of names.entries()) values.set(name, found[index + 1] ?? '');
  return undefined;
}

function firstOf(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const found = check();
    if (found !== undefined) return found;
  }
  return undefined;
}
