// One JSON request of the demonstration, as a client without an SDK would send it.

import { patience } from '../formats/retry-after.ts';
import type { Asking } from '../tools/ceremony/hsm.ts';

export type GetToken = (resource: string) => Promise<string>;

/**
 * Comes again as late as it is told to, where the service says that it was asked too often: nothing was done then.
 * @throws when the answer is none of the expected, with what the service said and its `code`
 */
export async function call(
  token: string,
  method: 'GET' | 'PUT' | 'POST',
  url: string,
  expected: readonly number[],
  body?: object,
): Promise<{ readonly status: number; readonly body: unknown }> {
  for (const comesAgain = patience(); ; ) {
    const response = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    if (expected.includes(response.status)) {
      return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
    }
    if (await comesAgain(response.status, response.headers.get('retry-after'))) continue;
    const what = `${method} ${new URL(url).pathname} was answered ${response.status}: ${text.slice(0, 400)}`;
    throw Object.assign(new Error(what), { code: /"code":"(\w+)"/.exec(text)?.[1] });
  }
}

/** The data plane of an instance, as the steps of a ceremony ask it. */
export function askingAs(token: string, instance: string): Asking {
  return {
    ask: async (method, path, body) => (await call(token, method, instance + path, [200, 201, 202], body)).body,
  };
}

/** The member at a path of names, undefined where there is none. */
export function memberAt(body: unknown, ...names: readonly string[]): unknown {
  let at: unknown = body;
  for (const name of names)
    at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined;
  return at;
}

/** Asks again until the answer will do. @throws after `withinMs` */
export async function poll<T>(ask: () => Promise<T>, enough: (answer: T) => boolean, withinMs = 60_000): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (enough(answer)) return answer;
    if (performance.now() > end)
      throw new Error(`not within ${withinMs / 1000} s; last seen: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
