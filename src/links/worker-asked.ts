// What the watcher asks service workers, by way of the supervisor, which hands the answers on as they came: who reads them is the watcher.
import { byKind, integer, oneOf, type Reader, record, share } from '../formats/shape.ts';
import { question } from './messages.ts';

/** Its figures; or the requests that were traced, and that so much of all is to be traced for a while. */
export const readAsked = byKind({
  metrics: record({ kind: oneOf('metrics') }),
  traces: record({ kind: oneOf('traces'), ratio: share }),
});
export type Asked = ReturnType<typeof readAsked>;

const unread: Reader<unknown> = (value) => value;

/** Supervisor → service; answered at once, whatever else there is to do. */
export const toldWhat = question(32, { asked: readAsked }, unread);
/** Watcher → supervisor: one of the workers that an instance has, and how many these are; without an answer where there was none in time. */
export const workerAsked = question(
  42,
  { instance: 'text', at: 'u32', asked: readAsked },
  record({ worker: integer(0, 10_000), workers: integer(0, 10_000) }, { told: unread }),
);
export type WorkerTold = ReturnType<typeof workerAsked.readAnswer>;
