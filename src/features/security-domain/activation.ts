// Whether the security domain was taken, as this worker knows it: the module's state, and the record that the download
// leaves so that other workers learn of it.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import type { Change } from '../../store/sealed/records.ts';

export const SECURITY_DOMAIN_RECORD = 'security-domain';

/** The value of the record: who can open the latest file. */
export interface SecurityDomainRecord {
  readonly downloadedAt: string;
  readonly downloadedBy: string;
  readonly required: number;
  readonly thumbprints: readonly string[];
}

export interface Activation {
  apply(change: Change): void;
  isActive(): boolean;
  latest(): SecurityDomainRecord | undefined;
}

/** @param onActive called once, when the instance is or becomes active */
export function openActivation(
  crypto: CryptoClient,
  onActive: () => void,
  report: (error: unknown) => void,
): Activation {
  let record: SecurityDomainRecord | undefined;
  let announced = false;
  const announce = (): void => {
    if (announced || crypto.hello.state !== 'active') return;
    announced = true;
    onActive();
  };
  announce();
  return {
    apply({ name, value }) {
      if (name !== SECURITY_DOMAIN_RECORD || value === null) return;
      record = JSON.parse(Buffer.from(value).toString('utf8')) as SecurityDomainRecord;
      // Another worker ran the ceremony: our partitions still hold the state of before.
      if (crypto.hello.state === 'active') announce();
      else crypto.reload().then(announce, report);
    },
    isActive: () => crypto.hello.state === 'active',
    latest: () => record,
  };
}
