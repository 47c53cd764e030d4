// Finds the row. Whether there is one is said only after the caller is known (`require-row.ts`), but the record names
// the operation even for refusals before.

import type { Call, Step } from '../../../http/call.ts';
import type { HostKind } from '../../../http/route.ts';
import type { Router } from '../../../http/router.ts';

export function assignRow(router: Router): Step {
  return (call: Call): void => {
    if (call.host === undefined) return;
    const found = router.find(call.request.method ?? '', call.path);
    if (found === undefined || !isServedTo(call.host?.kind, found.row.path)) return;
    call.row = found.row;
    call.params = found.params;
  };
}

/**
 * A vault has keys, and nothing of what rules an HSM: clients that were given a vault's token must not come near that. What
 * the resource manager hands on are its own rows, and those are nobody else's.
 */
export function isServedTo(kind: HostKind | undefined, path: string): boolean {
  const handedOn = /^\/arm\//i.test(path);
  if (kind === 'arm' || handedOn) return kind === 'arm' && handedOn;
  return kind !== 'vault' || (/^\/(deleted)?keys(\/|$)/.test(path) && !path.includes('/providers/'));
}
