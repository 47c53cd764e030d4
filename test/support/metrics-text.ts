// What Prometheus reads of a text, as far as tests look at it: names with their types, and samples with their labels.

export interface MetricsSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricsText {
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly MetricsSample[];
}

/** @throws Error for a line that is none of the format */
export function readMetrics(text: string): MetricsText {
  const types = new Map<string, string>();
  const samples: MetricsSample[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (type !== null) {
      types.set(type[1] ?? '', type[2] ?? '');
      continue;
    }
    const [, name, labels = '', value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined || value === undefined || Number.isNaN(Number(value.replace('+Inf', 'Infinity'))))
      throw new Error(`no sample: ${line}`);
    const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(
      ([, label = '', of = '']) => [label, of] as const,
    );
    samples.push({ name, labels: Object.fromEntries(pairs), value: Number(value.replace('+Inf', 'Infinity')) });
  }
  return { types, samples };
}

/** Of all samples of the name with these labels. */
export function sumOf({ samples }: MetricsText, name: string, labels: Readonly<Record<string, string>> = {}): number {
  return samples
    .filter(
      (each) => each.name === name && Object.entries(labels).every(([label, value]) => each.labels[label] === value),
    )
    .reduce((sum, { value }) => sum + value, 0);
}
