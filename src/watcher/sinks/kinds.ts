// The kinds of sinks there are: what each says of its configuration, and how it is opened.
import type { SinkConfig, SinkConfigOf } from '../../deployment/sinks.ts';
import { blobSink } from './blob/blob-sink.ts';
import { fileSink } from './file-sink.ts';
import { otlpSink } from './otlp-sink.ts';
import { s3Sink } from './s3/s3-sink.ts';
import type { Sink, SinkSurroundings } from './sink.ts';
import { syslogSink } from './syslog-sink.ts';

export type SinkKind<C> = (config: C, surroundings: SinkSurroundings) => Sink;

const KINDS: { readonly [K in SinkConfig['kind']]: SinkKind<SinkConfigOf<K>> } = {
  file: fileSink,
  syslog: syslogSink,
  otlp: otlpSink,
  blob: blobSink,
  s3: s3Sink,
};

/** Connects to nothing yet. @throws SinkError naming what of its configuration cannot be used */
export function openSink(config: SinkConfig, surroundings: SinkSurroundings): Sink {
  const open = KINDS[config.kind] as SinkKind<SinkConfig>;
  return open(config, surroundings);
}
