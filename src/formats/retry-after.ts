// Coming again as late as the service says (`Retry-After`, RFC 6585), where it was asked too often: nothing was done then.

/** How long one request may be put off in all. */
const PATIENCE_S = 60;

/** @returns waits where an answer says so; false: it is the answer, or one would have to wait too long */
export function patience(): (status: number, retryAfter: string | null | undefined) => Promise<boolean> {
  let left = PATIENCE_S;
  // By the clock, too: a server may take its time for each answer.
  const end = performance.now() + PATIENCE_S * 1000;
  return async (status, retryAfter) => {
    const wait = Math.max(1, Number(retryAfter ?? 1));
    // Also for what is no number of seconds.
    if (status !== 429 || !(wait <= left) || performance.now() > end) return false;
    left -= wait;
    await new Promise((resolve) => setTimeout(resolve, wait * 1000));
    return true;
  };
}
