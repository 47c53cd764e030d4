// The log's entry of one call, looked for from the newest on. It is durable before the call is answered, so whoever has the
// trace finds it at once, at any worker and after any restart.
import { isGuid } from '../../formats/guid.ts';
import { type LoggedCall, readLoggedCall } from '../audit/logged-call.ts';
import { openEntries } from '../audit/read-entries.ts';

export interface Found {
  readonly call?: LoggedCall;
  /** How many entries were looked at. */
  readonly searched: number;
  /** The log has older ones. */
  readonly gaveUp: boolean;
}

/** @param most entries to look at; a worker has other things to do, a person at the files has not */
export async function findCall(folder: string, trace: string, most: number = Number.POSITIVE_INFINITY): Promise<Found> {
  if (!isGuid(trace)) return { searched: 0, gaveUp: false };
  const id = trace.toLowerCase();
  // In JSON, quotes that a caller sent have a backslash before them: this is the member and nothing that looks like it.
  const mark = Buffer.from(`"correlationId":"${id}"`);
  let searched = 0;
  for await (const entries of openEntries(folder).backwards()) {
    if (searched >= most) return { searched, gaveUp: true };
    searched += entries.length;
    for (const { index, bytes } of entries) {
      if (!bytes.includes(mark)) continue;
      const call = readLoggedCall(index, bytes);
      if (call?.trace === id) return { call, searched, gaveUp: false };
    }
  }
  return { searched, gaveUp: false };
}
