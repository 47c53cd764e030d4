// The results as text, and whether they show what is promised.
import { isDisturbed } from '../machine/disturbance.ts';
import { median } from '../median.ts';
import { count, ms, table } from '../table.ts';
import type { SinksResults, SinksRow } from './results.ts';

/** Of the requests per second without sinks. */
export const LEAST_SHARE = 0.95;

export function sinksReport({ rows }: SinksResults): string {
  const head = ['', 'none/s', 'three/s', 'three ÷ none', '95 % of confidence', 'pairs'];
  const lines = rows.map(({ title, requests: { pairs, ratio, low, high } }) => [
    title,
    count(median(pairs.map(({ first }) => first))),
    count(median(pairs.map(({ second }) => second))),
    ratio.toFixed(3),
    `${low.toFixed(3)}–${high.toFixed(3)}`,
    String(pairs.length),
  ]);
  const after = [
    '',
    'load',
    'requests/s',
    'behind',
    'age',
    'caught up in',
    'entries/s',
    'raw',
    'of raw',
    'watcher µs',
    'receivers µs',
  ];
  const afterLines = rows.map((row) => [
    row.title,
    `${row.loadSeconds} s`,
    count(row.perSecond),
    count(row.behind.entries),
    `${row.behind.seconds} s`,
    ms(row.caughtUpMs),
    count(row.speed),
    count(row.raw),
    (row.speed / row.raw).toFixed(2),
    row.watcherMicros.toFixed(0),
    row.receiversMicros.toFixed(0),
  ]);
  return [
    ...table(head, lines),
    '',
    ...table(after, afterLines),
    ...rows.flatMap((row) => [...sinksFaults(row), ...disturbed(row)].map((what) => `${row.title}: ${what}`)),
    '',
  ].join('\n');
}

/** The bound is judged where the interval lies below it, and others did not have the cores. */
export function sinksFaults({ requests, disturbance, faults }: SinksRow): readonly string[] {
  return [
    ...faults,
    ...(requests.high < LEAST_SHARE && !isDisturbed(disturbance)
      ? [`BOUND NOT REACHED: ${requests.ratio.toFixed(3)}, of at least ${LEAST_SHARE}`]
      : []),
  ];
}

function disturbed({ disturbance }: SinksRow): string[] {
  const share = disturbance.foreign + disturbance.stolen;
  return isDisturbed(disturbance)
    ? [`disturbed, its bound is not judged: others had ${(share * 100).toFixed(0)} % of the cores`]
    : [];
}
