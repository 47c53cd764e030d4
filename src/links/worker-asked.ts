// What the watcher asks service workers, by way of the supervisor, which hands the answers on as they came: who reads them is the watcher.
import { byKind, integer, oneOf, type Reader, record, share, text } from '../formats/shape.ts';
import { question } from './messages.ts';

/** Its figures; or the requests that were traced, and that so much of all is to be traced for a while; or who is told of events. */
export const readAsked = byKind({
  metrics: record({ kind: oneOf('metrics') }),
  traces: record({ kind: oneOf('traces'), ratio: share }),
  events: record({ kind: oneOf('events') }),
});
export type Asked = ReturnType<typeof readAsked>;

/** From when on events are told, absent while they are off; and the address, absent while it is not allowed. A secret may be in it. */
export const readEventReceiver = record(
  {},
  { since: integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), address: text },
);
export type EventReceiver = ReturnType<typeof readEventReceiver>;

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
