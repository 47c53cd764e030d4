// What a service worker answers when it is asked for its figures: values now, and what it has counted since it began. It names no key,
// no caller and no address: a label takes what the table of metrics has for it, and nothing else is read.
import {
  type HistogramSample,
  LATENCY_BOUNDS,
  type MetricName,
  metricTable,
  type Sample,
  type Told,
} from '../formats/metric-table.ts';
import { OPERATION_NAMES } from '../formats/operation-names.ts';
import {
  finite,
  flag,
  guid,
  integer,
  list,
  matching,
  oneOf,
  type Reader,
  record,
  ShapeError,
} from '../formats/shape.ts';

export interface WorkerMetrics extends Told {
  /** Of this start of the worker: what it has counted begins with it. */
  readonly epoch: string;
  /** It was told before. Whoever does not know it then has lost what it knew, and goes on from here. */
  readonly toldBefore: boolean;
}

/** A value, or the counts and the sum of a histogram, and the labels in the order of the table: all operations have room in a frame. */
type Row = readonly [figures: number | readonly number[], ...labels: string[]];

/** As it is sent. */
export function packed({ epoch, toldBefore, samples, histograms }: WorkerMetrics): unknown {
  const rows = [
    ...samples.map(({ value, ...of }) => ({ ...of, figures: value })),
    ...histograms.map(({ counts, sum, ...of }) => ({ ...of, figures: [...counts, sum] })),
  ].map(({ name, labels = {}, figures }): [MetricName, Row] => [
    name,
    [figures, ...labelNames(name).map((label) => labels[label] ?? '')],
  ]);
  const metrics = [...Map.groupBy(rows, ([name]) => name)].map(([name, of]) => ({
    name,
    rows: of.map(([, row]) => row),
  }));
  return { epoch, toldBefore, metrics };
}

const counts = list(integer(0, Number.MAX_SAFE_INTEGER), LATENCY_BOUNDS.length + 1);
/** A word of the program's own: one that is none of those that there are is `other`. */
const word = (words: readonly string[]): Reader<string> => {
  const known = new Set(words);
  const read = matching(/^[A-Za-z]{1,64}$/, 'a name of the program');
  return (value, path) => (known.has(read(value, path)) ? (value as string) : 'other');
};
const OPEN = {
  operation: word([...OPERATION_NAMES, 'Unknown']),
  number: matching(/^\d{1,4}$/, 'a number'),
} as const;
const NAMES = (Object.keys(metricTable) as MetricName[]).filter((name) => metricTable[name].by === undefined);
const MOST_ROWS = 3_000;

const packedMetrics = record({
  epoch: guid,
  toldBefore: flag,
  metrics: list(
    record({
      name: oneOf(...NAMES),
      rows: list((value): unknown => value, MOST_ROWS),
    }),
    NAMES.length,
  ),
});

/** @param codes of refusals @throws ShapeError also for a metric or a label that the table does not have, or has for others to tell */
export function readWorkerMetrics(value: unknown, codes: Readonly<Record<string, unknown>>): WorkerMetrics {
  const code = word(['OK', ...Object.keys(codes)]);
  const { epoch, toldBefore, metrics } = packedMetrics(value, 'metrics');
  const samples: Sample[] = [];
  const histograms: HistogramSample[] = [];
  for (const { name, rows } of metrics) {
    for (const row of rows) {
      const [figures, ...given] = Array.isArray(row) ? (row as readonly unknown[]) : [];
      const labels = readLabels(name, given, code);
      if (metricTable[name].type !== 'histogram') {
        samples.push({ name, labels, value: finite(figures, name) });
        continue;
      }
      const all = Array.isArray(figures) ? (figures as readonly unknown[]) : [];
      histograms.push({ name, labels, counts: counts(all.slice(0, -1), name), sum: finite(all.at(-1), name) });
    }
  }
  return { epoch, toldBefore, samples, histograms };
}

function labelNames(name: MetricName): readonly string[] {
  return Object.keys(metricTable[name].labels ?? {});
}

function readLabels(
  name: MetricName,
  given: readonly unknown[],
  code: Reader<string>,
): Readonly<Record<string, string>> {
  const known = Object.entries(metricTable[name].labels ?? {});
  if (given.length !== known.length) throw new ShapeError(`${name} has other labels`);
  return Object.fromEntries(
    known.map(([label, of], at) => {
      if (of === 'configured') throw new ShapeError(`${name} is not a worker's to tell`);
      const read = of === 'code' ? code : typeof of === 'string' ? OPEN[of] : oneOf(...of);
      return [label, read(given[at], `${label} of ${name}`)];
    }),
  );
}
