// Requests that were traced, on their way from a worker to the watcher. They say which operation it was and how long it was where:
// nothing of keys, callers or addresses.
import { STAGES } from '../formats/metric-table.ts';
import { finite, integer, list, matching, oneOf, type Reader, record, ShapeError } from '../formats/shape.ts';

/** So many fit a frame, whatever they are. */
export const MOST_TRACES = 200;
/** A request may wait for some twice. */
export const MOST_STAGES = 10;

const id = (bytes: number): Reader<string> => matching(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `${bytes} bytes in hex`);
/** Of what, from when, until when: milliseconds of the worker's monotonic clock. */
type Stage = readonly [stage: string, from: number, to: number];
const stage: Reader<Stage> = (value, path) => {
  if (!Array.isArray(value) || value.length !== 3) throw new ShapeError(`${path} must be a stage and two times`);
  const [name, from, to] = value as readonly unknown[];
  return [oneOf(...STAGES)(name, path), finite(from, path), finite(to, path)];
};

const trace = record(
  {
    traceId: id(16),
    spanId: id(8),
    operation: matching(/^[A-Za-z]{1,64}$/, 'an operation'),
    method: matching(/^[A-Za-z-]{0,32}$/, 'a method'),
    status: integer(100, 599),
    code: matching(/^[A-Za-z]{1,64}$/, 'a code'),
    from: finite,
    to: finite,
    stages: list(stage, MOST_STAGES),
  },
  { parentSpanId: id(8) },
);
export type FinishedTrace = ReturnType<typeof trace>;

export const readTakenTraces = record({
  /** Unix milliseconds at which that clock began. */
  timeOrigin: finite,
  traces: list(trace, MOST_TRACES),
});
export type TakenTraces = ReturnType<typeof readTakenTraces>;
