// Finds the row. Whether there is one is said only after the caller is known (`require-row.ts`), but the record names
// the operation even for refusals before.
import type { Call, Step } from '../call.ts';
import type { Router } from '../router.ts';

export function assignRow(router: Router): Step {
  return (call: Call): void => {
    const found = router.find(call.request.method ?? '', call.path);
    if (found === undefined) return;
    call.row = found.row;
    call.params = found.params;
  };
}
