import { isoTime } from '../../formats/iso-time.ts';
import type { Sample } from '../../formats/metric-table.ts';
import { part } from '../part.ts';
import { challengeKind } from './challenges.ts';
import { planSplit } from './follow-split.ts';
import { holderKind } from './holder.ts';
import { marginOf } from './recovery-margin.ts';
import { CustodianRegister } from './register.ts';
import { type CustodianService, custodianRows } from './rows.ts';
import { splitKind } from './split.ts';

export const custodians = part({
  kinds: [holderKind, splitKind, challengeKind],
  keep: (_needs: { readonly now: () => number }) => ({ register: new CustodianRegister() }),
  relatedWrites: ({ register, now }) => ({ split: (split) => planSplit(register, split, isoTime(now())) }),
  serve: (service: CustodianService) => ({
    rows: custodianRows(service),
    gauges: () => marginGauges(service),
  }),
});

function marginGauges({ register, now }: Pick<CustodianService, 'register' | 'now'>): readonly Sample[] {
  const found = marginOf(register, now());
  if (found === undefined) return [];
  return [
    { name: 'strongroom_custodian_margin', value: found.margin },
    { name: 'strongroom_custodians_reachable', value: found.reachable },
    { name: 'strongroom_custodians_required', value: found.required },
  ];
}
