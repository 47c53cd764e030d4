// Whether the instance is active, as this worker knows it: the module's state, and the record that each ceremony leaves so
// that other workers learn of it.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import type { Change } from '../../store/sealed/records.ts';
import { BEGUN_RECORD, type Begun, decodeBegun } from './begun.ts';

export const SECURITY_DOMAIN_RECORD = 'security-domain';

/** The value of the record: who the domain is split over, and what was last done with it when, by which object id. */
export interface SecurityDomainRecord {
  readonly required: number;
  /** x5t#S256 of the custodians' certificates. */
  readonly thumbprints: readonly string[];
  /** Absent: no file has been written for these custodians by this instance. */
  readonly downloadedAt?: string;
  readonly downloadedBy?: string;
  /** Present: the domain was recovered into this instance. */
  readonly uploadedAt?: string;
  readonly uploadedBy?: string;
  /** SHA-256 of what was uploaded, base64url: who sends the very same again is told that it was taken. */
  readonly uploadedDigest?: string;
  /** Present: these are not the first custodians. */
  readonly replacedAt?: string;
  readonly replacedBy?: string;
}

export interface Activation {
  apply(change: Change): void;
  isActive(): boolean;
  /** The same, but waits while the partitions are learning of another worker's ceremony. */
  willBeActive(): boolean | Promise<boolean>;
  latest(): SecurityDomainRecord | undefined;
  /** A ceremony that was begun and not recorded. */
  begun(): Begun | undefined;
}

/** @param onActive called once, when the instance is or becomes active */
export function openActivation(
  crypto: CryptoClient,
  onActive: () => void,
  report: (error: unknown) => void,
): Activation {
  let record: SecurityDomainRecord | undefined;
  let begun: Begun | undefined;
  let announced = false;
  let learning: Promise<void> | undefined;
  const isActive = (): boolean => crypto.hello.state === 'active';
  const announce = (): void => {
    if (announced || !isActive()) return;
    announced = true;
    onActive();
  };
  announce();
  return {
    apply({ name, value }) {
      if (name === BEGUN_RECORD) begun = value === null ? undefined : decodeBegun(value);
      if (name !== SECURITY_DOMAIN_RECORD || value === null) return;
      record = JSON.parse(Buffer.from(value).toString('utf8')) as SecurityDomainRecord;
      // Another worker ran the ceremony: our partitions still hold the state of before.
      if (isActive()) announce();
      else learning = crypto.reload().then(announce, report);
    },
    isActive,
    willBeActive: () => (isActive() || learning === undefined ? isActive() : learning.then(isActive)),
    latest: () => record,
    begun: () => begun,
  };
}
