// Where sinks may be: judged from text alone, at the start of a deployment as well as by those who go there.
import type { SinkConfig } from '../../deployment/sinks.ts';
import { mayBePlain } from '../../http/outbound.ts';
import { SinkError } from './sink.ts';

type Profile = 'dev' | 'production';

/** @throws SinkError naming the sink whose address cannot be one */
export function checkAddresses(sinks: readonly SinkConfig[], profile: Profile): void {
  for (const sink of sinks) if ('url' in sink) sinkAddress(sink, profile);
}

/** @throws SinkError */
export function sinkAddress(
  { name, url: text }: { readonly name: string; readonly url: string },
  profile: Profile,
): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isBare = url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (url !== undefined && isBare && (url.protocol === 'https:' || mayBePlain(url, profile))) return url;
  // It may hold a secret where none belongs.
  throw new SinkError(`sinks: the url of '${name}' must be https://host[:port]/path without user, query and fragment`);
}
