// What an outlet is: it sends one message at a time and says what became of it. It keeps nothing and makes no second attempt.
import type { OutletSettings } from '../../deployment/alert-settings.ts';
import type { Delivery } from '../../http/post-event.ts';
import type { Telling } from './message.ts';

export interface Outlet {
  /** Where it sends to, without a secret. */
  readonly place: string;
  /** Bounded in time by itself; what it says of a failure holds no secret. It never throws. */
  send(message: Telling, stopping: AbortSignal): Promise<Delivery>;
}

export interface OutletSurroundings {
  readonly profile: 'dev' | 'production';
  /** @param member that names the file @param holding what must be in it, for the message @throws when it cannot be read */
  readonly readFile: (path: string, member: string, holding?: string) => string;
  /** Milliseconds of real time. */
  readonly now: () => number;
}

export interface NamedOutlet extends Outlet {
  readonly name: string;
  readonly least: OutletSettings['least'];
  readonly mostPerHour: number;
}
