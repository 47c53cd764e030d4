import { part } from '../part.ts';
import { clockKind, type InstanceClock, openClock } from './instance-clock.ts';
import { clockRows } from './rows.ts';

type Profile = 'dev' | 'production';

interface Needs {
  readonly config: { readonly profile: Profile };
  readonly instancePolicy: { readonly current: { readonly profile: Profile } };
  /** Unix seconds of the system. */
  readonly systemNow: () => number;
  /** The clock has moved. */
  readonly jumped: () => void;
}

export const clock = part({
  kinds: [clockKind],
  keep({ config, instancePolicy, systemNow, jumped }: Needs) {
    // Whoever edits the file of a production instance gains no time machine.
    const isClockMovable = (): boolean => config.profile === 'dev' && instancePolicy.current.profile === 'dev';
    const opened = openClock({ systemNow, travels: isClockMovable, jumped });
    return { clock: opened, now: opened.now, isClockMovable };
  },
  serve: ({ clock, isClockMovable }: { readonly clock: InstanceClock; readonly isClockMovable: () => boolean }) => ({
    rows: isClockMovable() ? clockRows(clock) : [],
  }),
});
