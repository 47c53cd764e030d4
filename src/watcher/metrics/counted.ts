// What was counted in all, whichever workers counted it: each adds what it has counted since it was asked last, so that a sum does not
// fall when a worker ends, two generations serve at once, or one begins anew. It begins with nothing when the watcher does: then it
// falls, as counters may that begin again, and what was told to a watcher before is not told twice.
import type { HistogramSample, Sample } from '../../formats/metric-table.ts';
import { metricTable } from '../../formats/metric-table.ts';
import type { WorkerMetrics } from '../../links/worker-metrics.ts';

type Labels = Readonly<Record<string, string>>;

/** A counter has one number, a histogram those of its buckets and its sum. */
interface Sum {
  readonly name: Sample['name'];
  readonly labels: Labels;
  readonly figures: number[];
}

type Told = ReadonlyMap<string, readonly number[]>;

export class Counted {
  readonly #sums = new Map<string, Sum>();
  /** How many of them each instance has. */
  readonly #series = new Map<string | undefined, number>();
  /** What each worker said last, by the epoch of its counting. */
  #last: ReadonlyMap<string, Told> = new Map();

  /** @param all of each its instance, but for what is of none */
  take(all: readonly { readonly hsm?: string; readonly metrics: WorkerMetrics }[]): void {
    const now = new Map<string, Told>();
    for (const { hsm, metrics } of all) {
      const told = countersOf(metrics);
      const before = this.#last.get(metrics.epoch);
      const isFirst = before === undefined && !metrics.toldBefore;
      for (const [key, { name, labels, figures }] of told) {
        const since = isFirst ? [] : (before?.get(key) ?? (before === undefined ? figures : []));
        this.#add(hsm, name, labels, figures, since);
      }
      now.set(metrics.epoch, new Map([...told].map(([key, { figures }]) => [key, figures])));
    }
    // One that did not answer this time goes on from where it was.
    this.#last = new Map([...this.#last, ...now].slice(-MOST_KNOWN));
  }

  get all(): readonly Sum[] {
    return [...this.#sums.values()];
  }

  #add(
    hsm: string | undefined,
    name: Sample['name'],
    labels: Labels,
    figures: readonly number[],
    since: readonly number[],
  ): void {
    const key = JSON.stringify([hsm, name, labels]);
    if (!this.#sums.has(key)) {
      const series = this.#series.get(hsm) ?? 0;
      if (series >= MOST_SERIES) return;
      this.#series.set(hsm, series + 1);
    }
    const sum = this.#sums.getOrInsertComputed(key, () => ({
      name,
      labels: hsm === undefined ? labels : { hsm, ...labels },
      figures: figures.map(() => 0),
    }));
    figures.forEach((figure, at) => {
      sum.figures[at] = (sum.figures[at] ?? 0) + Math.max(0, figure - (since[at] ?? 0));
    });
  }
}

/** Of an instance: all operations with all codes are fewer. One that makes up names has no more. */
const MOST_SERIES = 4_000;
/** Workers that are gone are forgotten, oldest first. */
const MOST_KNOWN = 1_000;

function countersOf({ samples, histograms }: WorkerMetrics): ReadonlyMap<string, Sum> {
  const counters = samples.filter(({ name }) => metricTable[name].type === 'counter');
  const all = [
    ...counters.map(({ value, ...rest }) => ({ ...rest, figures: [value] })),
    ...histograms.map(({ counts, sum, ...rest }: HistogramSample) => ({ ...rest, figures: [...counts, sum] })),
  ];
  const told = new Map<string, Sum>();
  for (const { name, labels = {}, figures } of all) {
    const key = JSON.stringify([name, labels]);
    const same = told.get(key)?.figures; // several have become `other`
    told.set(key, { name, labels, figures: figures.map((figure, at) => figure + (same?.[at] ?? 0)) });
  }
  return told;
}
