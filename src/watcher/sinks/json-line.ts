// An entry as a line of JSON that says of which log it is, and which one.
import type { LogEntry, LogIdentity } from './sink.ts';

const LINE_END = Buffer.from('}\n');

/** The entry stands in it as the log has it. No entry of ours has a line break; in files that somebody edited one may. */
export function jsonLine({ origin }: Pick<LogIdentity, 'origin'>, { index, bytes }: LogEntry): readonly Buffer[] {
  const entry = bytes.includes(0x0a) ? Buffer.from(JSON.stringify(bytes.toString('utf8'))) : bytes;
  return [Buffer.from(`{"log":${JSON.stringify(origin)},"index":${index},"entry":`), entry, LINE_END];
}
