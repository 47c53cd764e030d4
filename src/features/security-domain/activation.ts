// Whether the instance is active, as this worker knows it: the module's state, and the record that each ceremony leaves so
// that other workers learn of it.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { integer, list, text } from '../../formats/shape.ts';
import { feeding, follow } from '../../store/sealed/follow-records.ts';
import { recordKind, type ValueOf } from '../../store/sealed/record-kind.ts';
import { type PendingCeremony, pendingCeremonyKind } from './pending-ceremony.ts';

/** Who the domain is split over, and what was last done with it when, by which object id. */
export type SecurityDomainRecord = ValueOf<typeof securityDomainKind>;
export const securityDomainKind = recordKind({
  of: 'security-domain',
  about: 'Who the security domain is split over, and what was last done with it',
  travels: 'stays',
  /** x5t#S256 of the custodians' certificates. */
  members: { required: integer(1, 10), thumbprints: list(text, 10) },
  optional: {
    /** Absent: no file has been written for these custodians by this instance. */
    downloadedAt: text,
    downloadedBy: text,
    /** Present: the domain was recovered into this instance. */
    uploadedAt: text,
    uploadedBy: text,
    /** SHA-256 of what was uploaded, base64url: who sends the very same again is told that it was taken. */
    uploadedDigest: text,
    /** Present: these are not the first custodians. */
    replacedAt: text,
    replacedBy: text,
  },
});

export type Activation = ReturnType<typeof openActivation>;

/** @param onActive called once, when the instance is or becomes active */
export function openActivation(crypto: CryptoClient, onActive: () => void, report: (error: unknown) => void) {
  let record: SecurityDomainRecord | undefined;
  let begun: PendingCeremony | undefined;
  let announced = false;
  let learning: Promise<void> | undefined;
  const isActive = (): boolean => crypto.hello.state === 'active';
  const announce = (): void => {
    if (announced || !isActive()) return;
    announced = true;
    onActive();
  };
  announce();
  const follows = [
    follow(pendingCeremonyKind, (_, said) => {
      begun = said;
    }),
    follow(securityDomainKind, (_, said) => {
      if (said === undefined) return;
      record = said;
      // Another worker ran the ceremony: our partitions still hold the state of before.
      if (isActive()) announce();
      else learning = crypto.reload().then(announce, report);
    }),
  ];
  return {
    follows,
    apply: feeding(follows),
    isActive,
    /** The same, but waits while the partitions are learning of another worker's ceremony. */
    willBeActive: (): boolean | Promise<boolean> =>
      isActive() || learning === undefined ? isActive() : learning.then(isActive),
    latest: () => record,
    /** A ceremony that was begun and not recorded. */
    begun: () => begun,
  };
}
