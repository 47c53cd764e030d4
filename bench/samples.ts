// What the answers say that the load generator kept.
import type { Sample } from './load/job.ts';
import type { Prepared } from './operations.ts';

export async function countWrong(prepared: Prepared, samples: readonly Sample[]): Promise<number> {
  let wrong = 0;
  for (const sample of samples) {
    const right = sample.status === 200 && (await prepared.check(sample.request, parse(sample.body)));
    if (!right) wrong += 1;
  }
  return wrong;
}

function parse(body: Uint8Array): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>;
  } catch {
    return {}; // which no check takes for right
  }
}

export function medianLength(samples: readonly Sample[]): number {
  const lengths = samples.filter(({ status }) => status === 200).map(({ body }) => body.length);
  return lengths.toSorted((a, b) => a - b)[lengths.length >> 1] ?? 0;
}
