// Entries as messages of syslog.
import type { SinkConfigOf } from '../../deployment/sinks.ts';
import { openSyslog, syslogFrame } from '../syslog.ts';
import { type LogEntry, type LogIdentity, readNamed, type Sink, type SinkSurroundings } from './sink.ts';
import { toldEntry } from './told-entry.ts';

export function syslogSink(config: SinkConfigOf<'syslog'>, { log, readFile }: SinkSurroundings): Sink {
  const send = openSyslog(config, (path, member) => readNamed({ readFile }, path, member));
  return {
    async send(entries, stopping) {
      const why = await send(
        entries.flatMap((entry) => frame(entry, log, config.enterpriseNumber)),
        stopping,
      );
      return why === undefined ? { outcome: 'taken' } : { outcome: 'failed', why };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function frame(entry: LogEntry, log: LogIdentity, enterpriseNumber: number | undefined): readonly Buffer[] {
  const { call, severity } = toldEntry(entry);
  const data = { log: log.origin, index: String(entry.index), instance: log.name };
  return syslogFrame({ severity, time: call?.time, messageId: call?.operation, data, enterpriseNumber }, entry.bytes);
}
