// The configuration of the production profile: one JSON file, read strictly. What it leaves out is safe; what would weaken
// a deployment has to be written down.

import type { InstanceIdentity } from '../formats/instance-identity.ts';
import type { RequestLimits } from '../formats/request-limits.ts';
import { guid, integer, list, matching, oneOf, type Reader, record, ShapeError, text } from '../formats/shape.ts';
import { readBackupPlaces, readInstanceIdentity } from './backup-places.ts';
import type { BackupPlace, EventTarget, TrustedIssuer } from './instance.ts';
import { type NamedListener, readAddress, readNamedListeners } from './private-listeners.ts';
import { readRequestLimits } from './request-limits.ts';
import { readFilePath, TLS_SETTINGS, type TlsSettings } from './tls-settings.ts';
import { readTrustedIssuers } from './trusted-issuers.ts';

/** What is weaker than it could be, and is to be written down by whoever wants it all the same. */
export const ACKNOWLEDGEMENTS = ['file-seal', 'azure-separation'] as const;
export type Acknowledgement = (typeof ACKNOWLEDGEMENTS)[number];

export interface CertificateFiles {
  /** PEM: the certificate, then those that lead to its authority. */
  readonly certificate: string;
  readonly key: string;
}

export interface Names {
  /** Instances are at `https://NAME.{instances}`. */
  readonly instances: string;
  /** Host name of the resource manager. */
  readonly resourceManager: string;
  /** Host name of the directory look-ups that `az` makes; absent: those of Microsoft Graph. */
  readonly graph?: string;
  /** Where clients get tokens, tenant included: part of the challenge. */
  readonly authorization: string;
  /** What clients ask tokens for: part of the challenge. Absent: `https://{instances}`, with the port. */
  readonly resource?: string;
  /** Where `az` logs in; absent: `authorization` without the tenant. */
  readonly loginEndpoint?: string;
  /** The port that clients use; absent: that of `listen`. */
  readonly port?: number;
}

export interface KnownPrincipals {
  readonly users: readonly { readonly id: string; readonly userName: string; readonly displayName: string }[];
  readonly groups: readonly { readonly id: string; readonly displayName: string }[];
  readonly applications: readonly { readonly id: string; readonly appId: string; readonly displayName: string }[];
}

export type SealChoice =
  /** New instances are sealed by it, and all that have this seal open with it. */
  | { readonly kind: 'passphrase'; readonly passphraseFile: string; readonly memory?: number }
  /** Somebody seals each new instance (`seal change`) before it can be activated, and unlocks it at each start. */
  | { readonly kind: 'people' }
  | { readonly kind: 'file' };

export interface ProductionConfig {
  readonly tenantId: string;
  readonly names: Names;
  readonly listen: { readonly address: string; readonly port: number };
  readonly tls: TlsSettings & {
    readonly instances: CertificateFiles;
    readonly resourceManager: CertificateFiles;
    /** PEM file of the operator's own authority: what commands on this machine trust besides the system's. */
    readonly authority?: string;
  };
  readonly issuers: readonly TrustedIssuer[];
  readonly subscription: {
    readonly id: string;
    readonly name: string;
    readonly owners: readonly { readonly id: string; readonly type: 'User' | 'Group' | 'ServicePrincipal' }[];
  };
  readonly seal: SealChoice;
  readonly separation?: 'azure' | 'strict';
  readonly acknowledge?: readonly Acknowledgement[];
  readonly principals?: KnownPrincipals;
  readonly limits?: RequestLimits;
  readonly privateListeners?: readonly NamedListener[];
  readonly eventTargets?: readonly EventTarget[];
  readonly backupTargets?: readonly BackupPlace[];
  readonly backupIdentity?: InstanceIdentity;
}

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const hostName = matching(
  new RegExp(`^(?=.{1,200}$)${LABEL}(?:\\.${LABEL})+$`),
  'a host name in lower case, such as hsm.example.org',
);
const httpsAddress = (value: unknown, path: string): string => {
  const given = text(value, path);
  if (!/^https:\/\/[^\s/?#@"\\]+(\/[^\s?#"\\]*)?$/.test(given)) {
    throw new ShapeError(`${path} must be an https address without query: https://login.example.org/TENANT`);
  }
  return given.replace(/\/$/, '');
};
const origin: Reader<string> = (value, path) => text(value, path).replace(/\/$/, '');
const pair = record({ certificate: readFilePath, key: readFilePath });
const displayName = matching(/^[^\p{Cc}]{1,256}$/u, 'a name of one line');
const port = integer(1, 65_535);

const seals: Readonly<Record<SealChoice['kind'], Reader<SealChoice>>> = {
  passphrase: record({ kind: oneOf('passphrase'), passphraseFile: readFilePath }, { memory: integer(64, 4096) }),
  people: record({ kind: oneOf('people') }),
  file: record({ kind: oneOf('file') }),
};
const seal: Reader<SealChoice> = (value, path) => {
  const kind = (value as { readonly kind?: unknown } | null)?.kind;
  const read = typeof kind === 'string' && Object.hasOwn(seals, kind) ? seals[kind as SealChoice['kind']] : undefined;
  if (read === undefined) throw new ShapeError(`${path}.kind must be one of: ${Object.keys(seals).join(', ')}`);
  return read(value, path);
};

const shape: Reader<Omit<ProductionConfig, 'seal'> & { readonly seal?: SealChoice }> = record(
  {
    tenantId: guid,
    names: record(
      { instances: hostName, resourceManager: hostName, authorization: httpsAddress },
      { graph: hostName, resource: httpsAddress, loginEndpoint: httpsAddress, port },
    ),
    listen: record({ address: readAddress, port }),
    tls: record({ instances: pair, resourceManager: pair }, { ...TLS_SETTINGS, authority: readFilePath }),
    issuers: readTrustedIssuers,
    subscription: record({
      id: guid,
      name: displayName,
      owners: list(record({ id: guid, type: oneOf('User', 'Group', 'ServicePrincipal') }), 100),
    }),
  },
  {
    seal,
    separation: oneOf('azure', 'strict'),
    acknowledge: list(oneOf(...ACKNOWLEDGEMENTS), ACKNOWLEDGEMENTS.length),
    principals: record({
      users: list(record({ id: guid, userName: displayName, displayName })),
      groups: list(record({ id: guid, displayName })),
      applications: list(record({ id: guid, appId: guid, displayName })),
    }),
    limits: readRequestLimits,
    privateListeners: readNamedListeners,
    eventTargets: list(record({ origin }, { caFile: readFilePath }), 64),
    backupTargets: readBackupPlaces,
    backupIdentity: readInstanceIdentity,
  },
);

/** What its members say together is judged apart (`contradictions.ts`). @throws ShapeError naming the member that is wrong, and what it must be */
export const readProductionShape: Reader<ProductionConfig> = (value, path) => {
  const { seal: chosen, ...others } = shape(value, path);
  if (chosen === undefined) {
    throw new ShapeError(
      `${path}.seal is missing: say what root keys are sealed with: {"kind": "passphrase", "passphraseFile": "…"}, which starts ` +
        'without people, or {"kind": "people"}',
    );
  }
  return { ...others, seal: chosen };
};
