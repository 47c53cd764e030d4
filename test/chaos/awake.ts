// A clock for deadlines that does not count the time in which this process itself stood still (stopped, or its machine was): nobody else
// can be judged by that.

/** Whoever looks at the clock all the time and sees such a gap was not there. */
const GAP_MS = 2_000;
const TICK_MS = 200;

let last = performance.now();
let lost = 0;
let onGap: (milliseconds: number) => void = () => undefined;

/** Milliseconds of the monotonic clock, without those in which nobody could look at it. */
export function awake(): number {
  const now = performance.now();
  const gap = now - last;
  last = now;
  if (gap > GAP_MS) {
    lost += gap;
    onGap(gap);
  }
  return now - lost;
}

/** Looks at the clock until it is disposed of. @param told of each gap */
export function stayAwake(told: (milliseconds: number) => void): Disposable {
  last = performance.now();
  onGap = told;
  const timer = setInterval(awake, TICK_MS);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      onGap = () => undefined;
    },
  };
}
