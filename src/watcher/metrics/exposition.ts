// The text that Prometheus reads, written by prom-client: it sums or compares what several say of one thing by the rule that the table
// of metrics has for it.
import { LATENCY_BOUNDS, type MetricName, metricTable, type Sample } from '../../formats/metric-table.ts';
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

/** @param said each a list of what one of several said */
export async function exposition(
  said: readonly (readonly WatchedSample[])[],
  counted: Pick<Counted, 'all'>,
): Promise<{ readonly contentType: string; readonly text: string }> {
  // Loaded with the first question: who never asks does not pay for it.
  const { AggregatorRegistry } = await import('prom-client');
  const gauges = said.map((samples) =>
    metricsOf(
      samples
        .filter(({ name }) => metricTable[name].type === 'gauge')
        .map(({ name, hsm, labels, value }) => [
          name,
          [{ labels: { ...(hsm === undefined ? {} : { hsm }), ...labels }, value }],
        ]),
    ),
  );
  const counters = metricsOf(
    counted.all.map(({ name, labels, figures }) => [
      name,
      metricTable[name].type === 'histogram' ? bucketsOf(name, labels, figures) : [{ labels, value: figures[0] ?? 0 }],
    ]),
  );
  const registry = AggregatorRegistry.aggregate([...gauges, counters] as unknown as object[]);
  return { contentType: registry.contentType, text: await registry.metrics() };
}

function metricsOf(values: readonly (readonly [MetricName, readonly Value[]])[]) {
  return [...Map.groupBy(values, ([name]) => name)].map(([name, of]) => {
    const { type, help, across = 'sum' } = metricTable[name];
    return { name, help, type, aggregator: across, values: of.flatMap(([, each]) => each) };
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
