// One event, one POST. No redirect is followed, the answer's body is not read, and nothing of the address but its origin is
// told to anybody: its query is often a secret.
import { call, whyUnanswered } from './outbound.ts';

export interface Delivery {
  /** `refused`: the receiver will never take this one. */
  readonly outcome: 'taken' | 'refused' | 'failed';
  readonly detail: string;
}

const DEADLINE_MS = 10_000;
const HEADERS = {
  'content-type': 'application/cloudevents+json; charset=utf-8',
  'user-agent': 'strongroom',
  connection: 'close',
};
/** As Event Grid has it: these are not tried again. */
const FINAL = new Set([400, 413]);

/** @param body a CloudEvent in structured mode @param more headers besides */
export async function postEvent(
  { url, ca }: { readonly url: URL; readonly ca?: string },
  body: string,
  stopping: AbortSignal,
  more: Readonly<Record<string, string>> = {},
): Promise<Delivery> {
  const headers = { ...HEADERS, ...more };
  try {
    const { status } = await call(
      { url, ca, method: 'POST', headers, body, withinMs: DEADLINE_MS, stopping },
      0,
      () => false,
    );
    const detail = `answered ${status}`;
    if (status >= 200 && status < 300) return { outcome: 'taken', detail };
    return { outcome: FINAL.has(status) ? 'refused' : 'failed', detail };
  } catch (error) {
    return { outcome: 'failed', detail: whyUnanswered(error, stopping) };
  }
}
