// Who called from where, out of the log: what a change of network rules is tried on before it is made. Only callers that had
// proven who they are count; whoever knocks without a token loses nothing.
import type { NetworkRules } from '../../formats/network-rules.ts';
import { type LoggedCall, type LoggedCaller, readLoggedCall } from '../audit/logged-call.ts';
import { openEntries } from '../audit/read-entries.ts';
import { type ArrivingPeer, compileRules, type Refusal } from '../network-rules/admission.ts';

interface Caller {
  readonly address: string;
  /** `public`, `direct` or `private:NAME`. */
  readonly networkPath: string;
  readonly principals: readonly Pick<LoggedCaller, 'objectId' | 'userName' | 'applicationId'>[];
  readonly calls: number;
  readonly lastSeen: string;
}

interface Callers {
  readonly callers: readonly Caller[];
  readonly entries: number;
  /** The log has entries of the time asked for that were not looked at. */
  readonly gaveUp: boolean;
}

export interface CutOff extends Caller {
  readonly refusal: Refusal;
}

const PRINCIPALS_SHOWN = 20;

interface Tally {
  readonly principals: Map<string, Caller['principals'][number]>;
  calls: number;
  lastSeen: string;
}

/** @param since ISO 8601 @param most entries to look at, newest first */
export async function callersSince(
  folder: string,
  since: string,
  most: number = Number.POSITIVE_INFINITY,
): Promise<Callers> {
  const tallies = new Map<string, Tally>();
  let entries = 0;
  for await (const bundle of openEntries(folder).backwards()) {
    if (entries >= most) return { callers: callersOf(tallies), entries, gaveUp: true };
    const calls = bundle.map(({ index, bytes }) => readLoggedCall(index, bytes)).filter((call) => call !== undefined);
    const wanted = calls.filter(({ time }) => time >= since);
    for (const call of wanted) count(tallies, call);
    entries += wanted.length;
    // Entries of several workers stand a moment apart, never a bundle.
    if (calls.length > 0 && wanted.length === 0) break;
  }
  return { callers: callersOf(tallies), entries, gaveUp: false };
}

/** Whom these rules would cut off. @param most as `callersSince` @param nowMs as the log has its time */
export async function planFor(folder: string, rules: NetworkRules, days: number, nowMs: number, most?: number) {
  const since = new Date(nowMs - days * 86_400_000).toISOString();
  const { callers, entries, gaveUp } = await callersSince(folder, since, most);
  const cutOff = cutOffBy(rules, callers);
  /** Not complete: there are older entries of that time that were not looked at. Admitted are places that called, too. */
  return { since, entries, complete: !gaveUp, rules, cutOff, admitted: callers.length - cutOff.length };
}

/** Those whom these rules would turn away, by the very judgement that the data plane makes. */
export function cutOffBy(rules: NetworkRules, callers: readonly Caller[]): readonly CutOff[] {
  const judge = compileRules(rules);
  return callers.flatMap((caller) => {
    const refusal = judge({ address: caller.address, way: connectionPathOf(caller.networkPath) });
    return refusal === undefined ? [] : [{ ...caller, refusal }];
  });
}

export function connectionPathOf(networkPath: string | undefined): ArrivingPeer['way'] {
  if (networkPath?.startsWith('private:') === true) return { private: networkPath.slice('private:'.length) };
  return networkPath === 'direct' ? 'direct' : 'public';
}

function count(tallies: Map<string, Tally>, { caller, address, networkPath = 'public', time, code }: LoggedCall): void {
  // What a request was refused for does not matter, but that it came through does.
  if (caller === undefined || code === 'Throttled') return;
  const none = { principals: new Map(), calls: 0, lastSeen: time };
  const tally = tallies.getOrInsert(`${networkPath} ${address}`, none);
  tally.calls += 1;
  if (time > tally.lastSeen) tally.lastSeen = time;
  if (tally.principals.has(caller.objectId) || tally.principals.size >= PRINCIPALS_SHOWN) return;
  const { objectId, userName, applicationId } = caller;
  tally.principals.set(objectId, { objectId, userName, applicationId });
}

function callersOf(tallies: ReadonlyMap<string, Tally>): readonly Caller[] {
  return [...tallies]
    .map(([place, { principals, calls, lastSeen }]): Caller => {
      const space = place.indexOf(' ');
      const at = { address: place.slice(space + 1), networkPath: place.slice(0, space) };
      return { ...at, principals: [...principals.values()], calls, lastSeen };
    })
    .sort((a, b) => b.calls - a.calls || (a.address < b.address ? -1 : 1));
}
