// Who has begun a ceremony, committed before the module is asked: what the module did cannot be undone, and if the service ends
// before it has recorded it, this says who it was. One record; it is gone with the commit that records the ceremony.
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { isoTime } from '../../formats/iso-time.ts';
import { integer, list, oneOf, record, text } from '../../formats/shape.ts';
import { recordKind, type ValueOf } from '../../store/sealed/record-kind.ts';
import { type Change, type Commit, NO_ENTRY } from '../../store/sealed/records.ts';

export type PendingCeremony = ValueOf<typeof pendingCeremonyKind>;
export const pendingCeremonyKind = recordKind({
  of: 'security-domain-begun',
  about: 'Who has begun a ceremony that is not recorded yet',
  travels: 'stays',
  members: { kind: oneOf('download', 'recovery', 'resharing'), by: text, at: text },
  /** Over whom, where that is said when it is asked for: an upload brings its own. */
  optional: { custody: record({ required: integer(1, 10), thumbprints: list(text, 10) }) },
});
export const NO_LONGER_BEGUN: Change = pendingCeremonyKind.remove();

/** The module said no and has changed nothing; of any other failure nobody knows. */
const REFUSED: ReadonlySet<string> = new Set(['BadRequest', 'DomainRefused', 'OtherCustodians', 'WrongState']);

/** Whoever was revoked is turned away before the module is asked. @param settle commits whoever has lost a right meanwhile */
export async function begin<Done>(
  { settle, now }: { readonly settle: Commit; readonly now: () => number },
  { principal, commit }: { readonly principal: { readonly oid: string }; readonly commit: Commit },
  begun: Pick<PendingCeremony, 'kind' | 'custody'>,
  ceremony: () => Promise<Done>,
): Promise<Done> {
  const whole: PendingCeremony = { ...begun, by: principal.oid, at: isoTime(now()) };
  await commit(() => [pendingCeremonyKind.put('', whole)], NO_ENTRY);
  try {
    return await ceremony();
  } catch (error) {
    if (error instanceof CryptoError && REFUSED.has(error.code)) await settle(() => [NO_LONGER_BEGUN], NO_ENTRY);
    throw error;
  }
}
