// What several say of one thing is summed or compared by the rule that the table of metrics has for it; and the text that Prometheus
// reads is written by prom-client.
import {
  LATENCY_BOUNDS,
  type MetricName,
  type MetricRow,
  metricTable,
  type Sample,
} from '../../formats/metric-table.ts';
import type { Counted } from './counted.ts';

/** A value of an instance, or of the watcher itself. */
export interface WatchedSample extends Sample {
  readonly hsm?: string;
}

interface Value {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

const ACROSS: Readonly<Record<NonNullable<MetricRow['across']>, (values: readonly number[]) => number>> = {
  sum: (values) => values.reduce((sum, each) => sum + each, 0),
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
};

/** Gauges: of what several say, one value, by the rule of the table. */
export function merged(said: readonly WatchedSample[]): readonly WatchedSample[] {
  const gauges = said.filter(({ name }) => metricTable[name].type === 'gauge');
  const each = Map.groupBy(gauges, ({ name, hsm, labels }) => JSON.stringify([name, hsm, labels]));
  return [...each.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    return [{ ...first, value: ACROSS[metricTable[first.name].across ?? 'sum'](same.map(({ value }) => value)) }];
  });
}

export async function exposition(
  figures: readonly WatchedSample[],
  counted: Pick<Counted, 'all'>,
): Promise<{ readonly contentType: string; readonly text: string }> {
  // Loaded with the first question: who never asks does not pay for it.
  const { AggregatorRegistry } = await import('prom-client');
  const gauges = metricsOf(
    figures.map(({ name, hsm, labels, value }) => [
      name,
      [{ labels: { ...(hsm === undefined ? {} : { hsm }), ...labels }, value }],
    ]),
  );
  const counters = metricsOf(
    counted.all.map(({ name, labels, figures }) => [
      name,
      metricTable[name].type === 'histogram' ? bucketsOf(name, labels, figures) : [{ labels, value: figures[0] ?? 0 }],
    ]),
  );
  const registry = AggregatorRegistry.aggregate([gauges, counters] as unknown as object[]);
  return { contentType: registry.contentType, text: await registry.metrics() };
}

function metricsOf(values: readonly (readonly [MetricName, readonly Value[]])[]) {
  return [...Map.groupBy(values, ([name]) => name)].map(([name, of]) => {
    const { type, help } = metricTable[name];
    return { name, help, type, aggregator: 'first', values: of.flatMap(([, each]) => each) };
  });
}

function bucketsOf(name: MetricName, labels: Readonly<Record<string, string>>, figures: readonly number[]): Value[] {
  let count = 0;
  const buckets = [...LATENCY_BOUNDS, '+Inf'].map((le, at) => {
    count += figures[at] ?? 0;
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: figures[LATENCY_BOUNDS.length + 1] ?? 0 },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
