// What a start says of watching: where the service says how it fares, and who is told of its logs.
import { healthUri } from '../deployment/health-listener.ts';
import type { WatchConfig } from '../deployment/watch-config.ts';

/** A line for each that the configuration has. */
export function watchText({ health, sinks = [], alerts }: WatchConfig): readonly string[] {
  const named = (all: readonly { readonly name: string; readonly kind: string }[]): string =>
    all.map(({ name, kind }) => `${name} (${kind})`).join(', ');
  const outlets = alerts?.outlets ?? [];
  return [
    ...(health === undefined ? [] : [`health on ${healthUri(health)}/readyz`]),
    ...(sinks.length === 0 ? [] : [`logs are sent to ${named(sinks)}`]),
    ...(outlets.length === 0 ? [] : [`alerts are told to ${named(outlets)}`]),
  ];
}
