import { indexPlace } from '../audit/index/index-file.ts';
import { part } from '../part.ts';
import { type Guarding, openGuard } from './retirement-guard.ts';
import { type UsageService, usageRows } from './rows.ts';
import { inTurn, openUsage } from './usage-of.ts';

interface Needs extends Omit<Guarding, 'usage'> {
  /** Folders of the instance's log, and of indexes. */
  readonly places: { readonly audit: string; readonly index: string };
}

/** Entries that a request makes a worker look at; whoever has the files looks at all of them. */
const MOST_ENTRIES = 100 * 1024;

export const usage = part({
  keep({ places, ...needs }: Needs) {
    const usage = inTurn(
      openUsage(places.audit, {
        most: MOST_ENTRIES,
        place: () => indexPlace(places.index, places.audit),
        report: needs.report,
      }),
    );
    return { usage, retirementGuard: openGuard({ ...needs, usage }) };
  },
  serve: (service: UsageService) => ({ rows: usageRows(service) }),
});
