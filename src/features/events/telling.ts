// What whoever tells a webhook something needs.
import type { postEvent } from '../../http/post-event.ts';
import type { EventSource } from './cloud-event.ts';
import type { EventTargets } from './targets.ts';

export interface Telling {
  readonly targets: EventTargets;
  /** The setting: '' when events are off. */
  readonly address: () => string;
  readonly source: EventSource;
  readonly deliver: typeof postEvent;
}
