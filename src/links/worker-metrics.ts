// What a service worker answers when it is asked for its figures: values now, and what it has counted since it began. It names no key,
// no caller and no address: a label takes what the table of metrics has for it, and nothing else is read.
import { LATENCY_BOUNDS, type MetricName, metricTable, type Sample } from '../formats/metric-table.ts';
import {
  flag,
  guid,
  integer,
  list,
  mapOf,
  matching,
  oneOf,
  type Reader,
  record,
  ShapeError,
} from '../formats/shape.ts';
import { question } from './messages.ts';

const finite: Reader<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new ShapeError(`${path} must be a number`);
  return value;
};

const name = oneOf(...(Object.keys(metricTable) as MetricName[]));
/** Names of operations, roles and codes are the program's own. */
const OPEN = { operation: /^[A-Za-z][A-Za-z ]{0,63}$/, number: /^\d{1,4}$/, configured: /^[\w.:/ -]{1,200}$/ } as const;
const labels = mapOf(matching(/^[^]{1,200}$/, 'a label'), 8);

function labelled<T extends Pick<Sample, 'name' | 'labels'>>(read: Reader<T>): Reader<T> {
  return (value, path) => {
    const sample = read(value, path);
    requireLabels(sample, path);
    return sample;
  };
}

/** @throws ShapeError for a label that the table does not have, or a value that is not for it */
export function requireLabels({ name, labels = {} }: Pick<Sample, 'name' | 'labels'>, path: string): void {
  const { labels: known = {} } = metricTable[name];
  if (Object.keys(labels).length !== Object.keys(known).length) throw new ShapeError(`${path} has other labels`);
  for (const [label, of] of Object.entries(known)) {
    const value = labels[label] ?? '';
    const fits = typeof of === 'string' ? OPEN[of].test(value) : of.includes(value);
    if (!fits) throw new ShapeError(`${path}.labels.${label} is none of ${name}`);
  }
}

const sample = labelled(record({ name, value: finite }, { labels }));
const histogram = labelled(
  record(
    { name, counts: list(integer(0, Number.MAX_SAFE_INTEGER), LATENCY_BOUNDS.length + 1), sum: finite },
    { labels },
  ),
);

export const readWorkerMetrics = record({
  /** Of this start of the worker: what it has counted begins with it. */
  epoch: guid,
  /** It was told before. Whoever does not know it then has lost what it knew, and goes on from here. */
  toldBefore: flag,
  samples: list(sample, 2_000),
  histograms: list(histogram, 500),
});
export type WorkerMetrics = ReturnType<typeof readWorkerMetrics>;

/** Supervisor → service; answered at once, whatever else there is to do. */
export const metricsAsked = question(33, {}, readWorkerMetrics);
