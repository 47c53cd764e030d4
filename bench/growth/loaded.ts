// What an operation costs the product under load, by process.
import type { Keys } from '../bench-keys.ts';
import type { LoadGenerator } from '../load/generator.ts';
import type { LoadJob } from '../load/job.ts';
import { perOperation, timesByRole } from '../machine/times-by-role.ts';
import { operations } from '../operations.ts';
import type { Hsm } from '../product/hsm.ts';
import type { ReadyFile } from '../product/ready-file.ts';
import { requestBytes } from '../product/request-bytes.ts';
import { countWrong } from '../samples.ts';

export interface Loaded {
  readonly hsm: Hsm;
  readonly keys: Keys;
  readonly processes: ReadyFile['processes'];
  readonly generator: LoadGenerator;
}

type Load = Pick<LoadJob, 'connections' | 'warmUpMs' | 'measureMs' | 'inFlight'>;

/** Processor time for one, µs, by role and of `all`. @param onWarm when everything is connected @throws when an answer was wrong or missing */
export async function costOf(
  name: string,
  { hsm, keys, processes, generator }: Loaded,
  load: Load,
  onWarm = (): void => undefined,
): Promise<Readonly<Record<string, number>>> {
  const operation = operations.find((each) => each.name === name);
  if (operation === undefined) throw new RangeError(`no operation ${name}`);
  const prepared = await operation.prepare(hsm, keys);
  const requests = prepared.requests.map((request) => requestBytes(request, hsm));
  let before = timesByRole(processes);
  const report = await generator.run({ ...hsm.endpoint, ...load, requests }, () => {
    onWarm();
    before = timesByRole(processes);
  });
  const cost = perOperation(before, timesByRole(processes), report.completed);
  const wrong = await countWrong(prepared, report.samples);
  const errors = Object.keys(report.errors);
  if (wrong > 0 || errors.length > 0) throw new Error(`${name}: ${wrong} answers were wrong; ${errors.join(', ')}`);
  return { ...cost, all: Object.values(cost).reduce((sum, micros) => sum + micros, 0) };
}
