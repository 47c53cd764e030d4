// Where events may go: only to origins that the instance's configuration names. The address itself is a setting, so whoever
// administers an instance chooses among what whoever runs the machine has allowed, and neither reaches further alone.
import { mayBePlain } from '../../http/outbound.ts';

export interface EventTarget {
  /** `https://host[:port]`, or `http` on loopback in the dev profile. */
  readonly origin: string;
  /** PEM file of the authority of its certificate; absent: the system's. */
  readonly caFile?: string;
}

export interface AllowedTarget {
  readonly url: URL;
  readonly ca?: string;
}

export class EventTargets {
  /** Certificate of the authority, or undefined for the system's, by origin. */
  readonly #byOrigin = new Map<string, string | undefined>();

  /** @throws Error naming the origin that cannot be one */
  constructor(
    targets: readonly EventTarget[],
    { profile, readFile }: { readonly profile: 'dev' | 'production'; readonly readFile: (path: string) => string },
  ) {
    for (const { origin, caFile } of targets) {
      const url = URL.canParse(origin) ? new URL(origin) : undefined;
      if (url === undefined || url.origin !== origin || !(url.protocol === 'https:' || mayBePlain(url, profile))) {
        throw new Error(`eventTargets: '${origin.slice(0, 200)}' must be https://host[:port] and nothing more`);
      }
      this.#byOrigin.set(origin, caFile === undefined ? undefined : readFile(caFile));
    }
  }

  /** The address with what its certificate is checked against; undefined when it is not allowed. */
  find(address: string): AllowedTarget | undefined {
    if (!URL.canParse(address)) return undefined;
    const url = new URL(address);
    if (!this.#byOrigin.has(url.origin) || url.username !== '' || url.password !== '') return undefined;
    const ca = this.#byOrigin.get(url.origin);
    return { url, ...(ca === undefined ? {} : { ca }) };
  }

  /** Why an address cannot be the webhook; undefined when it can. */
  refusal(address: string): string | undefined {
    if (address === '' || this.find(address) !== undefined) return undefined;
    const origins = [...this.#byOrigin.keys()];
    const allowed = origins.length === 0 ? 'it allows none' : `it allows ${origins.join(', ')}`;
    return `Events are sent only to origins that the configuration of the instance names in eventTargets; ${allowed}`;
  }
}
