// What the answers to a challenge come to as a rehearsal: who has signed, who has not, and whom to ask.

import { domainFingerprint } from '../../formats/domain-identity.ts';
import { oneLine } from '../../formats/printable.ts';
import { REHEARSAL_FORMAT, type Rehearsal, type RehearsalProblem } from '../../formats/rehearsal-record.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { CustodianRegister } from '../custodians/register.ts';

export interface ReachabilityInput {
  readonly register: CustodianRegister;
  readonly challenge: string;
  readonly instance: string;
  /** Raw public key of the security domain. */
  readonly domainKey: Uint8Array;
  /** Unix seconds. */
  readonly now: number;
  /** Also while answers may still come. */
  readonly finish: boolean;
}

/** @throws ServiceError while it goes on, or when there is no such challenge */
export function reachabilityRehearsal(input: ReachabilityInput): Rehearsal {
  const { register, challenge, now } = input;
  const open = register.challenges.get(challenge);
  const { split } = register;
  if (open === undefined || split?.domain === undefined) {
    throw new ServiceError('NotFound', 'There is no such challenge: begin with a new one');
  }
  const holders = register.list().filter(([, { left }]) => left === undefined);
  const answers = new Map(open.answers.map(({ custodian, at }) => [custodian, at]));
  const missing = holders.filter(([custodian]) => !answers.has(custodian));
  const isOver = Date.parse(open.expires) / 1000 <= now;
  if (missing.length > 0 && !isOver && !input.finish) {
    const names = missing.map(([custodian, { name, subject }]) => name ?? subject ?? custodian).join(', ');
    throw new ServiceError(
      'Conflict',
      `${missing.length} of ${holders.length} custodians have not answered yet (${names}); answers are taken until ${open.expires}`,
      { innerCode: 'AnswersMissing' },
    );
  }
  const problems = missing.map(([custodian, holder]): RehearsalProblem => {
    const name = oneLine(holder.name ?? holder.subject ?? custodian);
    return {
      kind: 'custodian',
      name,
      problem: `did not sign the challenge of ${open.madeAt}`,
      next: 'reach them by another way; if the key is lost or they are gone, share the domain anew without them',
    };
  });
  return {
    format: REHEARSAL_FORMAT,
    depth: 'reachability',
    verdict: missing.length === 0 ? 'passed' : 'failed',
    startedAt: open.madeAt,
    finishedAt: new Date(Math.max(now * 1000, Date.parse(open.madeAt))).toISOString(),
    instance: input.instance,
    domainFingerprint: domainFingerprint(input.domainKey),
    domain: split.domain,
    required: split.required,
    custodians: holders.map(([custodian, { name, subject }]) => {
      const at = answers.get(custodian);
      const called = name ?? subject;
      return {
        custodian,
        ...(called === undefined ? {} : { name: oneLine(called) }),
        outcome: at === undefined ? ('missing' as const) : ('answered' as const),
        ...(at === undefined ? {} : { at }),
      };
    }),
    steps: [],
    problems,
    challenge,
  };
}
