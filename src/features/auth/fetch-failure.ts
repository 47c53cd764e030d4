// Why the keys of an issuer cannot be had, on one line for the operator.
import { oneLine } from '../../formats/printable.ts';

/** With the codes of Node (ENOTFOUND, DEPTH_ZERO_SELF_SIGNED_CERT, …), which say most. */
export function causeText(error: Error): string {
  const texts: string[] = [];
  for (let at: unknown = error; at instanceof Error && texts.length < 5; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    // Of several addresses that were tried, each has its own failure and the whole has no text.
    const text = at.message === '' && at instanceof AggregateError ? String(at.errors[0]) : at.message;
    texts.push(code === undefined || text.includes(code) ? text : `${text} (${code})`);
  }
  return oneLine(texts.join(': '), 500);
}
