// What the health listener knows: what the supervisor said last, and when.
import { HEARD_EVERY_MS } from '../../links/watcher-messages.ts';
import type { HealthSources } from './answers.ts';
import { type Check, type Condition, judgeCondition } from './readiness.ts';

const SILENT_AFTER_MS = 3 * HEARD_EVERY_MS;

export interface Heard {
  /** Undefined: nothing yet. */
  condition(): Condition | undefined;
  /** Since that was said. */
  silentMs(): number;
  /** What other parts of the watcher have found. */
  also(): readonly Check[];
  /** Milliseconds since 1970. */
  now(): number;
}

export function healthSources({ condition, silentMs, also, now }: Heard): Pick<HealthSources, 'isAlive' | 'checks'> {
  return {
    isAlive: () => condition() !== undefined && silentMs() <= SILENT_AFTER_MS,
    checks(instance) {
      const said = condition();
      const all = said === undefined ? [] : [...judgeCondition(said, now()), ...also()];
      if (instance === undefined) return all;
      const wanted = instance.toLowerCase();
      const name = said?.instances.find((each) => each.name.toLowerCase() === wanted)?.name;
      return name === undefined ? undefined : all.filter(({ component }) => component === name);
    },
  };
}
