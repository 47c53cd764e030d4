// Where traces are sent to: `traces` of a configuration.
import { matching, type Reader, record, ShapeError, share } from '../formats/shape.ts';
import { mayBePlain } from '../http/outbound.ts';
import { readFilePath } from './tls-settings.ts';

const line = matching(/^[^\0\r\n]{1,4096}$/, 'a text of one line');

const shape = record(
  {
    /** Of OTLP over HTTP, mostly `…/v1/traces`. */
    url: line,
    /** Of all requests; of those that a caller traces already, too. */
    ratio: share,
  },
  {
    /** PEM file of the authority of its certificate; absent: the system's. */
    caFile: readFilePath,
  },
);
export type TracesConfig = ReturnType<typeof shape>;

export const readTraces: Reader<TracesConfig> = (value, path) => {
  const traces = shape(value, path);
  const url = URL.canParse(traces.url) ? new URL(traces.url) : undefined;
  const isBare = url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  // A collector beside the product is the usual one, in production too: nobody is in between.
  if (url !== undefined && isBare && (url.protocol === 'https:' || mayBePlain(url, 'dev'))) return traces;
  throw new ShapeError(
    `${path}.url must be https://host[:port]/path, or http on loopback, without user, query and fragment`,
  );
};
