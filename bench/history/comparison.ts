// A run beside the last one recorded on the same kind of machine, figure by figure.
import { table } from '../table.ts';
import { type HistoryEntry, START_UP } from './history.ts';

/** Shares by which figures of an undisturbed machine differ between runs of the same program: less is not judged. */
export const NOISE = { ratio: 0.05, time: 0.1, startUp: 0.25 } as const;

export interface Change {
  readonly figure: string;
  readonly then: number;
  readonly now: number;
  /** Share of `then`; above 0: more. */
  readonly change: number;
  /** Either figure was taken while others had the cores: shown, and not judged. */
  readonly disturbed: boolean;
  readonly worse: boolean;
}

/** Figures that both have. */
export function compare(then: HistoryEntry, now: HistoryEntry): readonly Change[] {
  const disturbed = new Set([...then.disturbed, ...now.disturbed]);
  const changes = (
    kind: 'ratios' | 'serviceMicros' | 'startUpMs',
    title: (name: string) => string,
    noise: number,
    phase: (name: string) => string,
  ): Change[] =>
    Object.entries(now[kind]).flatMap(([name, value]) => {
      const before = (then[kind] as Readonly<Record<string, number>>)[name];
      if (before === undefined || before === 0) return [];
      const change = value / before - 1;
      const unjudged = disturbed.has(phase(name));
      const worse = !unjudged && (kind === 'ratios' ? change < -noise : change > noise);
      return [{ figure: title(name), then: before, now: value, change, disturbed: unjudged, worse }];
    });
  return [
    ...changes(
      'ratios',
      (name) => `${name}, ops/B`,
      NOISE.ratio,
      (name) => name,
    ),
    ...changes(
      'serviceMicros',
      (name) => `${name}, service µs`,
      NOISE.time,
      (name) => name,
    ),
    ...changes(
      'startUpMs',
      (name) => `${name} start, ms`,
      NOISE.startUp,
      () => START_UP,
    ),
  ];
}

/** @param red how what became worse is marked, beside the word: nothing where no terminal shows colours */
export function comparisonReport(
  then: HistoryEntry | undefined,
  now: HistoryEntry,
  red = (text: string): string => text,
): string {
  if (then === undefined) return 'No such run on this kind of machine is recorded yet; --record records one.\n';
  const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
  const changes = compare(then, now);
  const lines = table(
    ['figure', 'then', 'now', 'change', ''],
    changes.map(({ figure, then: before, now: value, change, disturbed, worse }) => {
      const share = `${change < 0 ? '' : '+'}${percent(change)}`;
      return [figure, String(before), String(value), disturbed ? `(${share})` : share, worse ? 'WORSE' : ''];
    }),
  );
  const { cpu, cores, node, openssl } = then.machine;
  return [
    `Compared with commit ${then.commit} of ${then.time.slice(0, 10)} on the same kind of machine: ${cpu}, ${cores} cores, Node ${node},`,
    `${openssl.split(' ', 2).join(' ')} (load ${then.load} then, ${now.load} now). WORSE is by more than noise: ${percent(NOISE.ratio)} of ops/B,`,
    `${percent(NOISE.time)} of processor time, ${percent(NOISE.startUp)} of a start. In parentheses: disturbed, not judged.`,
    ...lines.map((line, index) => (changes[index - 1]?.worse === true ? red(line) : line)),
    '',
  ].join('\n');
}
