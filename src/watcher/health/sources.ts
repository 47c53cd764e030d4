// What the health listener knows: what the supervisor said last, and when.
import type { Condition } from '../../links/condition.ts';
import type { HealthSources } from './answers.ts';
import { judgeCondition } from './readiness.ts';

/** Three times as often as the supervisor says how everything fares. */
const SILENT_AFTER_MS = 30_000;

export interface Heard {
  /** Undefined: nothing yet. */
  condition(): Condition | undefined;
  /** Of the same clock as `now`: milliseconds since 1970. */
  heardAt(): number;
  now(): number;
}

export function healthSources({ condition, heardAt, now }: Heard): Pick<HealthSources, 'isAlive' | 'checks'> {
  return {
    isAlive: () => condition() !== undefined && now() - heardAt() <= SILENT_AFTER_MS,
    checks(instance) {
      const said = condition();
      const all = said === undefined ? [] : judgeCondition(said, now());
      if (instance === undefined) return all;
      const wanted = instance.toLowerCase();
      const name = said?.instances.find((each) => each.name.toLowerCase() === wanted)?.name;
      return name === undefined ? undefined : all.filter(({ component }) => component === name);
    },
  };
}
