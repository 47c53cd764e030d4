// Several reports of the same job as one.
import { Histogram } from './histogram.ts';
import type { LoadReport } from './job.ts';

export function joinReports(reports: readonly LoadReport[]): LoadReport {
  const sum = (of: (report: LoadReport) => number): number => reports.reduce((total, report) => total + of(report), 0);
  const errors: Record<string, number> = {};
  for (const report of reports) {
    for (const [what, times] of Object.entries(report.errors)) errors[what] = (errors[what] ?? 0) + times;
  }
  return {
    completed: sum(({ completed }) => completed),
    elapsedMs: sum(({ elapsedMs }) => elapsedMs),
    answers: sum(({ answers }) => answers),
    errors,
    latencies: Histogram.from(...reports.map(({ latencies }) => latencies)).toRecord(),
    unsent: sum(({ unsent }) => unsent),
    samples: reports.flatMap(({ samples }) => samples),
    answered: (reports[0]?.answered ?? []).map((_, index) => sum(({ answered }) => answered[index] ?? 0)),
    cpuMicros: sum(({ cpuMicros }) => cpuMicros),
  };
}
