// What receivers are told of an entry besides the entry itself. One that cannot be read is sent all the same, as it stands.
import { type LoggedCall, readLoggedCall } from '../../features/audit/logged-call.ts';
import type { LogEntry } from './sink.ts';

export type Severity = 'info' | 'warning' | 'error';

/** What went wrong here is an error; what somebody was not given, or could not do, is a warning. */
export function toldEntry({ index, bytes }: LogEntry): {
  readonly call: LoggedCall | undefined;
  readonly severity: Severity;
} {
  const call = readLoggedCall(index, bytes);
  if (call !== undefined && call.status >= 500) return { call, severity: 'error' };
  return { call, severity: call?.isFailed === true ? 'warning' : 'info' };
}
