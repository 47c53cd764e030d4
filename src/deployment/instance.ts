// `instance.json`: what an instance is, written once at provisioning, read by its service, recorder and module wiring: into a
// complete config, or not at all.
import { readFileSync } from 'node:fs';
import { readDestinations } from '../formats/diagnostic-destinations.ts';
import { readInstanceIdentity } from '../formats/instance-identity.ts';
import { readNetworkRules } from '../formats/network-rules.ts';
import { readRequestLimits } from '../formats/request-limits.ts';
import { flag, guid, integer, list, matching, oneOf, type Reader, record, ShapeError } from '../formats/shape.ts';
import { filled } from '../http/claim-mapping.ts';
import { readBackupPlaces } from './backup-targets.ts';
import { readPrivateListeners } from './private-listeners.ts';
import { readFilePath, readTlsSettings } from './tls-settings.ts';
import { readTrustedIssuers } from './trusted-issuers.ts';
import { readStopWithoutWitness } from './witnesses.ts';

const something = matching(/^[^]/, 'a text');
const yes: Reader<true> = (value, path) => {
  if (value !== true) throw new ShapeError(`${path} must be true, or left out`);
  return value;
};

/** One name form under which the instance answers, and the challenge that goes with it (protocol: WWW-Authenticate). */
const hostName = record(
  {
    /** Authority clients use, port included unless 443: `dev.managedhsm.azure.net`, `dev.managedhsm.localhost:8443`. */
    authority: something,
    /** `https://login…/{tenant}`, no trailing slash. */
    authorization: something,
    /** Parent domain of the authority with the same port: `https://managedhsm.azure.net`. */
    resource: something,
  },
  {
    /**
     * Absent: `hsm`. A vault's name is answered only while the setting StrongroomVaultAlias is on, and `arm`, under which the
     * resource manager hands requests on, only while AllowKeyManagementOperationsThroughARM is.
     */
    kind: oneOf('hsm', 'vault', 'arm'),
  },
);
export type HostName = ReturnType<typeof hostName>;

const REQUIRED = {
  profile: oneOf('dev', 'production'),
  id: guid,
  name: matching(/^[a-zA-Z][0-9a-zA-Z-]{2,23}$/, 'the name of an instance'),
  tenantId: guid,
  /** ARM id: `/subscriptions/…/managedHSMs/{name}`. */
  resourceId: something,
  region: something,
  hostNames: (value: unknown, path: string) => filled(list(hostName)(value, path), path),
  issuers: readTrustedIssuers,
  initialAdministrators: (value: unknown, path: string) => filled(list(guid)(value, path), path),
  softDeleteRetentionInDays: integer(7, 90),
  purgeProtection: flag,
  createdAt: something,
} as const;

const OPTIONAL = {
  /**
   * Whether what an administrator does to roles needs a second one. Absent: `strict` in production, `azure` in dev. Sealed
   * at the first start; later only `strict` is taken from here.
   */
  separation: oneOf('azure', 'strict'),
  /** A file whose first line opens the passphrase seal at each start; absent: people do. */
  passphraseFile: readFilePath,
  /**
   * Who may reach the data plane; absent: `OPEN_NETWORK`. It may change while the instance runs: the supervisor writes the
   * file and then tells every worker (`instanceUpdated`), which answers once it goes by it; a worker that does not is
   * ended, and reads the file when it starts again. In a worker `LiveNetwork` has what holds now.
   */
  network: readNetworkRules,
  /** Ways in besides the front, each tied to a private endpoint connection. */
  privateListeners: readPrivateListeners,
  /** Absent: version 1.3, and no certificates of clients. */
  tls: readTlsSettings,
  /** What callers may cost; absent: `DEFAULT_LIMITS`. */
  limits: readRequestLimits,
  /** The root keys are not to lie beside a key file that opens them: such an instance is not activated, and does not serve. */
  fileSeal: oneOf('refused'),
  /** Made for a rehearsal and gone after it: such an instance alone states that a full rehearsal has passed. */
  throwAway: yes,
  /**
   * Where events may be sent to: `https://host[:port]`, or `http` on loopback in the dev profile, and the PEM file of the
   * authority of its certificate (absent: the system's). Absent: nowhere.
   */
  eventTargets: list(record({ origin: something }, { caFile: something })),
  /** Where full backups may be written to and restored from; absent: nowhere. */
  backupTargets: readBackupPlaces,
  /** Operations are refused when none of these witnesses has signed the log for so long; absent: they are not. */
  stopWithoutWitness: readStopWithoutWitness,
  /** Who the instance is to blob storage (`useManagedIdentity`); absent: nobody. */
  backupIdentity: readInstanceIdentity,
  /** Sinks with one of these resource ids get its log; absent: none of those that have one. */
  diagnostics: readDestinations,
} as const;

export type InstanceConfig = ReturnType<ReturnType<typeof record<typeof REQUIRED, typeof OPTIONAL>>>;

/** As it stands in the file: what it has besides is left alone. @throws Error naming file and member */
export function readInstanceConfig(file: string): InstanceConfig {
  const text = readFileSync(file, 'utf8');
  let value: Readonly<Record<string, unknown>>;
  try {
    value = JSON.parse(text) as typeof value;
  } catch (cause) {
    throw new Error(`${file} is not JSON`, { cause });
  }
  try {
    for (const [member, read] of Object.entries(REQUIRED)) read(value[member], member);
    for (const [member, read] of Object.entries(OPTIONAL)) if (value[member] !== undefined) read(value[member], member);
  } catch (cause) {
    if (cause instanceof ShapeError) throw new Error(`${file}: ${cause.message}`, { cause });
    throw cause;
  }
  return value as InstanceConfig;
}
