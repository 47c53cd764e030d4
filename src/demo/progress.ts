// Shows the steps of the demonstration, each with the time that it took.
import { printable } from '../formats/printable.ts';

export class StepFailed extends Error {
  override readonly name = 'StepFailed';
}

/**
 * Runs one step and prints it, with what its result is called, if there is more to say than that it was done.
 * @throws StepFailed naming the step
 */
export async function step<T>(text: string, work: () => Promise<T>, outcome?: (result: T) => string): Promise<T> {
  const startedAt = performance.now();
  try {
    const result = await work();
    print(
      `${(performance.now() - startedAt).toFixed(0).padStart(7)} ms  ${text}${outcome === undefined ? '' : `: ${outcome(result)}`}`,
    );
    return result;
  } catch (cause) {
    throw new StepFailed(text, { cause });
  }
}

export function print(text: string): void {
  process.stdout.write(`${printable(text)}\n`);
}

/** Two columns, the first one as wide as needed. */
export function printTable(title: string, rows: readonly (readonly [string, string])[]): void {
  const width = Math.max(...rows.map(([name]) => name.length));
  print(`\n${title}`);
  for (const [name, value] of rows) print(`  ${name.padEnd(width)}  ${value}`);
}
