// A worker may end between what the module did in a ceremony and the record of it. The module's word counts: at the next
// start its custodians are put on record, so that every worker, and the register, know them.
import type { Change } from '../../store/sealed/records.ts';
import { SECURITY_DOMAIN_RECORD, type SecurityDomainRecord } from './activation.ts';
import type { SecurityDomainService } from './service.ts';

export type Completing = Pick<SecurityDomainService, 'crypto' | 'activation' | 'companion'>;

/** What is to be committed; empty when the record says what the module does. */
export async function planCompletion({ crypto, activation, companion }: Completing): Promise<readonly Change[]> {
  if (!activation.isActive()) return [];
  const { required, thumbprints: told } = await crypto.send('custodians', {});
  const thumbprints = told as readonly string[];
  // Activated before custodians were remembered.
  if (thumbprints.length === 0) return [];
  const known = activation.latest();
  if (known !== undefined && known.required === required && isSame(known.thumbprints, thumbprints)) return [];
  const record: SecurityDomainRecord = { required, thumbprints };
  return [
    { name: SECURITY_DOMAIN_RECORD, value: Buffer.from(JSON.stringify(record)) },
    ...companion({ by: known === undefined ? 'recovery' : 'resharing', required, thumbprints }),
  ];
}

function isSame(a: readonly string[], sorted: readonly string[]): boolean {
  return a.toSorted().join() === sorted.join();
}
