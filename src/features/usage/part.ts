import { type IndexPlace, indexPlace, isLong } from '../audit/index/index-file.ts';
import { ReadingTurns } from '../audit/reading-turns.ts';
import { part } from '../part.ts';
import { type Guarding, openGuard } from './retirement-guard.ts';
import { type UsageService, usageRows } from './rows.ts';
import { openUsage, sharedUses } from './usage-of.ts';

interface Needs extends Omit<Guarding, 'usage'> {
  /** Folders of the instance's log, and of indexes. */
  readonly places: { readonly audit: string; readonly index: string };
  readonly indexWanted: () => void;
}

/** Entries that a request makes a worker look at; whoever has the files looks at all of them. */
const MOST_ENTRIES = 100 * 1024;
const WANTED_EVERY_MS = 60_000;

export const usage = part({
  keep({ places, indexWanted, ...needs }: Needs) {
    const wantIndex = (): void => {
      if (isLong(places.audit)) indexWanted();
    };
    const place = (): IndexPlace => {
      wantIndex();
      return indexPlace(places.index, places.audit);
    };
    const usage = openUsage(places.audit, { most: MOST_ENTRIES, place, report: needs.report });
    // The guard waits for nobody who only looks.
    const retirementGuard = openGuard({ ...needs, usage: sharedUses(usage) });
    return { usage, readingTurns: new ReadingTurns(), wantIndex, retirementGuard };
  },
  serve: (service: UsageService & { readonly wantIndex: () => void }) => ({
    rows: usageRows(service),
    // Who wants keys guarded wants it without waiting.
    start(stack) {
      const want = (): void => {
        if (service.settings.value('StrongroomRetirementGuard') !== 'off') service.wantIndex();
      };
      want();
      const timer = setInterval(want, WANTED_EVERY_MS).unref();
      stack.defer(() => clearInterval(timer));
      return Promise.resolve();
    },
  }),
});
