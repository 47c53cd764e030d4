// An entry as a line of JSON that says of which log it is, and which one.
import type { LogEntry, LogIdentity } from './sink.ts';

const LINE_END = Buffer.from('}\n');

/** The entry stands in it as the log has it. */
export function jsonLine({ origin }: Pick<LogIdentity, 'origin'>, { index, bytes }: LogEntry): readonly Buffer[] {
  return [Buffer.from(`{"log":${JSON.stringify(origin)},"index":${index},"entry":`), bytes, LINE_END];
}
