// How a deployment fares by its witnesses, for whoever asks the health listener.
import type { WithoutWitness } from '../../deployment/witnesses.ts';
import type { Check } from '../health/readiness.ts';
import type { LogWitnessed } from './witnesses.ts';

/** Of logs of what there is: purged instances are not asked for. @param rule absent: it is no failure that none signs */
export function witnessChecks(logs: readonly LogWitnessed[], rule: WithoutWitness | undefined): readonly Check[] {
  return logs
    .filter(({ instance, isManagement }) => instance !== undefined || isManagement)
    .map(({ instance = 'management', cosignedAt, isOverdue, witnesses }): Check => {
      const time = cosignedAt === undefined ? 'never' : new Date(cosignedAt * 1000).toISOString();
      const check = { component: instance, measurement: 'witness', observedValue: time } as const;
      const against = witnesses.filter(({ contradicted }) => contradicted).map(({ witness }) => witness);
      const contradiction =
        against.length === 0
          ? ''
          : `${against.join(', ')} has signed what is not in its log: see docs/guide/witness.md`;
      if (isOverdue && rule !== undefined) {
        const output =
          contradiction || `no witness has signed its log for ${rule.hours} hours: see docs/guide/witness.md`;
        return { ...check, status: 'fail', output };
      }
      return contradiction === '' ? { ...check, status: 'pass' } : { ...check, status: 'warn', output: contradiction };
    });
}
