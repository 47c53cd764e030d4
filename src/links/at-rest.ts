// A process at rest collects no garbage, and keeps for as long as it rests what loading and starting have left behind: a quarter of
// what it holds. It is collected once, after the start, in those whose heap is small whatever the instance holds; never in a service
// worker, which would stand still for it.

/** For node: what makes it possible. */
export const MAY_COLLECT = '--expose-gc';

const AFTER_MS = 5_000;

export function collectAtRest(): void {
  setTimeout(() => globalThis.gc?.({ type: 'major', flavor: 'last-resort' }), AFTER_MS).unref();
}
