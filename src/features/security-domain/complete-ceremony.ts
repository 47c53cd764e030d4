// A worker may end between what the module did in a ceremony and the record of it. The module's word counts: at the next
// start its custodians are put on record, so that every worker, and the register, know them; with who had begun it.
import type { Change } from '../../store/sealed/records.ts';
import { type SecurityDomainRecord, securityDomainKind } from './activation.ts';
import { NO_LONGER_BEGUN, type PendingCeremony } from './pending-ceremony.ts';
import type { SecurityDomainService } from './service.ts';

export type Completing = Pick<SecurityDomainService, 'crypto' | 'activation' | 'relatedWrites'>;

export interface Completion {
  /** Empty when the record says what the module does. */
  readonly changes: readonly Change[];
  /** Absent: nobody knows. */
  readonly begun?: PendingCeremony;
}

/** Asks the module. @returns what plans by its word, on the state of then: for as long as no other ceremony is begun or recorded */
export async function askCompletion({ crypto, ...state }: Completing): Promise<() => Completion> {
  const none = { changes: [] };
  if (!state.activation.isActive()) return () => none;
  const { required, thumbprints: told } = await crypto.send('custodians', {});
  const thumbprints = told as readonly string[];
  // Activated before custodians were remembered.
  return thumbprints.length === 0 ? () => none : () => planCompletion(state, { required, thumbprints });
}

function planCompletion(
  { activation, relatedWrites }: Omit<Completing, 'crypto'>,
  { required, thumbprints }: Required<Pick<SecurityDomainRecord, 'required' | 'thumbprints'>>,
): Completion {
  const known = activation.latest();
  if (known !== undefined && isSame(known, { required, thumbprints })) return { changes: [] };
  const last = activation.begun();
  const begun = last?.custody === undefined || isSame(last.custody, { required, thumbprints }) ? last : undefined;
  const record: SecurityDomainRecord = { required, thumbprints, ...(begun === undefined ? {} : stamped(begun)) };
  const by = begun?.kind ?? (known === undefined ? 'recovery' : 'resharing');
  const changes = [
    securityDomainKind.put('', record),
    ...relatedWrites.split({ by, required, thumbprints }),
    ...(last === undefined ? [] : [NO_LONGER_BEGUN]),
  ];
  return { changes, ...(begun === undefined ? {} : { begun }) };
}

function stamped({ kind, by, at }: PendingCeremony): Partial<SecurityDomainRecord> {
  switch (kind) {
    case 'recovery':
      return { uploadedAt: at, uploadedBy: by };
    case 'resharing':
      return { replacedAt: at, replacedBy: by };
    case 'download':
      // The file of that download reached nobody.
      return {};
  }
}

function isSame(
  a: { readonly required: number; readonly thumbprints: readonly string[] },
  b: { readonly required: number; readonly thumbprints: readonly string[] },
): boolean {
  return a.required === b.required && a.thumbprints.toSorted().join() === b.thumbprints.toSorted().join();
}
