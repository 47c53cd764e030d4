// `instance.json`: what an instance is, written once at provisioning, read by its service, recorder and module wiring.

import type { InstanceIdentity } from '../formats/instance-identity.ts';
import type { NetworkRules } from '../formats/network-rules.ts';
import type { RequestLimits } from '../formats/request-limits.ts';
import type { AllowedBackupTarget } from './backup-targets.ts';
import type { PrivateListener } from './private-listeners.ts';
import type { TlsSettings } from './tls-settings.ts';
import type { TrustedIssuer } from './trusted-issuers.ts';

/** One name form under which the instance answers, and the challenge that goes with it (protocol: WWW-Authenticate). */
export interface HostName {
  /** Authority clients use, port included unless 443: `dev.managedhsm.azure.net`, `dev.managedhsm.localhost:8443`. */
  readonly authority: string;
  /** `https://login…/{tenant}`, no trailing slash. */
  readonly authorization: string;
  /** Parent domain of the authority with the same port: `https://managedhsm.azure.net`. */
  readonly resource: string;
  /**
   * Absent: `hsm`. A vault's name is answered only while the setting StrongroomVaultAlias is on, and `arm`, under which the
   * resource manager hands requests on, only while AllowKeyManagementOperationsThroughARM is.
   */
  readonly kind?: 'hsm' | 'vault' | 'arm';
}

export interface InstanceConfig {
  readonly profile: 'dev' | 'production';
  readonly id: string;
  readonly name: string;
  readonly tenantId: string;
  /** ARM id: `/subscriptions/…/managedHSMs/{name}`. */
  readonly resourceId: string;
  readonly region: string;
  readonly hostNames: readonly HostName[];
  readonly issuers: readonly TrustedIssuer[];
  readonly initialAdministrators: readonly string[];
  readonly softDeleteRetentionInDays: number;
  readonly purgeProtection: boolean;
  /**
   * Whether what an administrator does to roles needs a second one. Absent: `strict` in production, `azure` in dev. Sealed
   * at the first start; later only `strict` is taken from here.
   */
  readonly separation?: 'azure' | 'strict';
  readonly createdAt: string;
  /** Absolute path of a file whose first line opens the passphrase seal at each start; absent: people do. */
  readonly passphraseFile?: string;
  /**
   * Who may reach the data plane; absent: `OPEN_NETWORK`. It may change while the instance runs: the supervisor writes the
   * file and then tells every worker (`instanceUpdated`), which answers once it goes by it; a worker that does not is
   * ended, and reads the file when it starts again. In a worker `LiveNetwork` has what holds now.
   */
  readonly network?: NetworkRules;
  /** Ways in besides the front, each tied to a private endpoint connection. */
  readonly privateListeners?: readonly PrivateListener[];
  /** Absent: version 1.3, and no certificates of clients. */
  readonly tls?: TlsSettings;
  /** What callers may cost; absent: `DEFAULT_LIMITS`. */
  readonly limits?: RequestLimits;
  /** The root keys are not to lie beside a key file that opens them: such an instance is not activated, and does not serve. */
  readonly fileSeal?: 'refused';
  /** Made for a rehearsal and gone after it: such an instance alone states that a full rehearsal has passed. */
  readonly throwAway?: true;
  /** Where events may be sent to; absent: nowhere. */
  readonly eventTargets?: readonly EventTarget[];
  /** Where full backups may be written to and restored from; absent: nowhere. */
  readonly backupTargets?: readonly AllowedBackupTarget[];
  /** Who the instance is to blob storage (`useManagedIdentity`); absent: nobody. */
  readonly backupIdentity?: InstanceIdentity;
}

export interface EventTarget {
  /** `https://host[:port]`, or `http` on loopback in the dev profile. */
  readonly origin: string;
  /** PEM file of the authority of its certificate; absent: the system's. */
  readonly caFile?: string;
}
