import { isoTime } from '../../formats/iso-time.ts';
import { part } from '../part.ts';
import { challengeKind } from './challenges.ts';
import { planSplit } from './follow-split.ts';
import { holderKind } from './holder.ts';
import { CustodianRegister } from './register.ts';
import { type CustodianService, custodianRows } from './rows.ts';
import { splitKind } from './split.ts';

export const custodians = part({
  kinds: [holderKind, splitKind, challengeKind],
  keep: (_needs: { readonly now: () => number }) => ({ register: new CustodianRegister() }),
  relatedWrites: ({ register, now }) => ({ split: (split) => planSplit(register, split, isoTime(now())) }),
  serve: (service: CustodianService) => ({ rows: custodianRows(service) }),
});
