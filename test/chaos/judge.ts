// Decides about a history: what was acknowledged is there and nothing twice, every answer stands in the log, all answers about one key or
// one right fit one order, and who had nothing to do with a fault noticed nothing.
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { places } from '../../src/deployment/data-layout.ts';
import { openEntries } from '../../src/features/audit/read-entries.ts';
import type { Event, Failure, History, ObjectHistory, Trouble } from './history.ts';

/** Of each kind of finding, so many are told in full. */
const TOLD = 5;

export async function judge(history: History, data: string): Promise<string[]> {
  return [
    ...some(history.broken.map((broken) => `the run: ${broken}`)),
    ...some(history.wrong.map((wrong) => `answered wrongly: ${wrong}`)),
    ...judgeFailures(history),
    ...judgeLog(history, data),
    ...(await judgeOrder(history.objects)),
  ];
}

/** Whether something went wrong meanwhile that may have this effect. */
export function isExcused(failure: Failure, troubles: readonly Trouble[]): boolean {
  return troublesOf(failure, troubles).some(({ excuses }) => excuses.has(failure.how));
}

function troublesOf({ call, end: until }: Failure, troubles: readonly Trouble[]): readonly Trouble[] {
  return troubles.filter(({ start, end }) => start <= until && (end === undefined || end >= call));
}

/** A repeatable operation fails only where what went wrong excuses it. */
export function judgeFailures({ failures, troubles }: Pick<History, 'failures' | 'troubles'>): string[] {
  const found: string[] = [];
  for (const failure of failures) {
    if (isExcused(failure, troubles)) continue;
    const around = troublesOf(failure, troubles).map(({ number, kind, what }) => `  ${number}: ${kind}, ${what}`);
    found.push(`repeatable, and it failed: ${JSON.stringify(failure)}, while\n${around.join('\n')}`);
  }
  return some(found);
}

function some(found: readonly string[]): string[] {
  return found.length > TOLD ? [...found.slice(0, TOLD), `and ${found.length - TOLD} more`] : [...found];
}

interface Entry {
  readonly correlationId: string;
  readonly resultType: string;
  readonly httpStatusCode: number;
}

/** Every answer has its entry with its status, and none is there twice but for those that were withheld in the end. */
function judgeLog({ answered }: History, data: string): string[] {
  const missing = new Map(answered);
  const seen = new Map<string, string>();
  const found: string[] = [];
  for (const { text: entry } of openEntries(places(data).instance('dev').audit).from(0)) {
    const { correlationId, resultType, httpStatusCode } = JSON.parse(entry) as Entry;
    // What was withheld has an entry of what was done, and one of what was told.
    if (missing.get(correlationId)?.status === httpStatusCode) missing.delete(correlationId);
    const before = seen.get(correlationId);
    if (before !== undefined && before === resultType) found.push(`twice in the log: ${entry}`);
    seen.set(correlationId, resultType);
  }
  for (const [id, what] of [...missing].slice(0, TOLD))
    found.push(`answered and not in the log: ${id}, ${what.what}: ${what.status}`);
  if (missing.size > TOLD) found.push(`and ${missing.size - TOLD} more answers that are not in the log`);
  return found.slice(0, 3 * TOLD);
}

/** By the checker of histories, and what it says once more without it: nothing is allowed after what forbids it was acknowledged. */
export async function judgeOrder(objects: readonly ObjectHistory[]): Promise<string[]> {
  const checker = spawn('strongroom-linearisable', { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve, reject) => checker.once('error', reject).once('close', resolve));
  const said = text(checker.stdout);
  for (const object of objects) {
    if (!checker.stdin.write(`${JSON.stringify(object)}\n`))
      await new Promise((resolve) => checker.stdin.once('drain', resolve));
  }
  checker.stdin.end();
  if ((await ended) !== 0) throw new Error('the checker of histories ended with an error');
  const verdicts = (await said)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { object: string; verdict: string });
  if (verdicts.length !== objects.length) throw new Error(`${verdicts.length} verdicts on ${objects.length} histories`);
  const bad = verdicts.filter(({ verdict }) => verdict !== 'Ok').map(({ object }) => object);
  return [
    ...bad.slice(0, TOLD).map((name) => {
      const history = objects.find(({ object }) => object === name);
      return `no order explains these answers: ${name}\n${excerpt(history?.events ?? [])}`;
    }),
    ...objects.flatMap(forbidden).slice(0, TOLD),
  ];
}

const FORBIDS = new Set(['delete', 'purge']);
const ALLOWS = new Set(['create', 'recover', 'assign']);
const forbids = ({ do: done, enabled }: Event): boolean =>
  FORBIDS.has(done) || (done === 'update' && enabled === false);
const allows = ({ do: done, enabled }: Event): boolean => ALLOWS.has(done) || (done === 'update' && enabled === true);

/**
 * A use that began after a disable or a delete was acknowledged, with nothing that may have undone it in between; or while no assignment
 * that gave the right to it can have been there.
 */
export function forbidden(history: ObjectHistory): string[] {
  return history.model === 'key' ? ofKey(history) : ofRights(history);
}

/** Of each assignment that may have been made before the use ended, the removal was acknowledged before it began. */
function ofRights({ object, events }: ObjectHistory): string[] {
  const before = (event: Event, moment: number): boolean => event.return !== undefined && event.return < moment;
  return events
    .filter((event) => event.do === 'use' && event.answer === 'done')
    .filter((use) => {
      const given = events.filter(
        ({ do: done, answer, return: end, call }) =>
          done === 'assign' && (answer === 'done' || end === undefined) && call < (use.return ?? 0),
      );
      return given.every(({ name, return: end = Number.POSITIVE_INFINITY }) =>
        events.some(
          (each) =>
            each.do === 'revoke' &&
            each.name === name &&
            each.call > end &&
            each.answer === 'done' &&
            before(each, use.call),
        ),
      );
    })
    .map(
      (use) =>
        `allowed after it was forbidden: ${object}\n${excerpt([...events.filter((each) => each.do === 'assign' || each.do === 'revoke'), use])}`,
    );
}

function ofKey({ object, events }: ObjectHistory): string[] {
  const uses = events.filter((event) => event.do === 'sign' && event.answer === 'done');
  const ends = events.filter((event) => forbids(event) && event.answer === 'done');
  const undone = events.filter((event) => allows(event) && (event.answer === 'done' || event.return === undefined));
  return uses.flatMap((use) => {
    const end = ends.find(
      (each) =>
        (each.return ?? 0) < use.call &&
        !undone.some((undo) => undo.call < (use.return ?? 0) && (undo.return ?? Number.POSITIVE_INFINITY) > each.call),
    );
    return end === undefined ? [] : [`allowed after it was forbidden: ${object}\n${excerpt([end, use])}`];
  });
}

function excerpt(events: readonly Event[]): string {
  return events
    .toSorted((a, b) => a.call - b.call)
    .map(({ call, return: end, client, do: done, ...rest }) => {
      const until = end === undefined ? '…' : (end / 1e6).toFixed(3);
      return `  ${(call / 1e6).toFixed(3)}–${until} ms, client ${client}: ${done} ${JSON.stringify(rest)}`;
    })
    .join('\n');
}
