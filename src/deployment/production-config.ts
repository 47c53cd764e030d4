// The configuration of the production profile: one JSON file, read strictly. What it leaves out is safe; what would weaken
// a deployment has to be written down.

import { readInstanceIdentity } from '../formats/instance-identity.ts';
import { readRequestLimits } from '../formats/request-limits.ts';
import {
  byKind,
  guid,
  integer,
  list,
  matching,
  oneOf,
  type Reader,
  record,
  ShapeError,
  text,
} from '../formats/shape.ts';
import { readBackupPlaces } from './backup-targets.ts';
import { readAddress, readNamedListeners } from './private-listeners.ts';
import { readFilePath, TLS_SETTINGS } from './tls-settings.ts';
import { readTrustedIssuers } from './trusted-issuers.ts';
import { WATCH_MEMBERS } from './watch-config.ts';

/** What is weaker than it could be, and is to be written down by whoever wants it all the same. */
export const ACKNOWLEDGEMENTS = ['file-seal', 'azure-separation', 'open-health'] as const;
export type Acknowledgement = (typeof ACKNOWLEDGEMENTS)[number];

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
const displayName = matching(/^[^\p{Cc}]{1,256}$/u, 'a name of one line');
const port = integer(1, 65_535);

/** PEM: the certificate, then those that lead to its authority. */
const pair = record({ certificate: readFilePath, key: readFilePath });
export type CertificateFiles = ReturnType<typeof pair>;

const seal = byKind({
  /** New instances are sealed by it, and all that have this seal open with it. */
  passphrase: record({ kind: oneOf('passphrase'), passphraseFile: readFilePath }, { memory: integer(64, 4096) }),
  /** Somebody seals each new instance (`seal change`) before it can be activated, and unlocks it at each start. */
  people: record({ kind: oneOf('people') }),
  file: record({ kind: oneOf('file') }),
});
export type SealChoice = ReturnType<typeof seal>;

const names = record(
  {
    /** Instances are at `https://NAME.{instances}`. */
    instances: hostName,
    resourceManager: hostName,
    /** Where clients get tokens, tenant included: part of the challenge. */
    authorization: httpsAddress,
  },
  {
    /** Host name of the directory look-ups that `az` makes; absent: those of Microsoft Graph. */
    graph: hostName,
    /** What clients ask tokens for: part of the challenge. Absent: `https://{instances}`, with the port. */
    resource: httpsAddress,
    /** Where `az` logs in; absent: `authorization` without the tenant. */
    loginEndpoint: httpsAddress,
    /** The port that clients use; absent: that of `listen`. */
    port,
  },
);

const shape = record(
  {
    tenantId: guid,
    names,
    listen: record({ address: readAddress, port }),
    tls: record(
      { instances: pair, resourceManager: pair },
      {
        ...TLS_SETTINGS,
        /** PEM file of the operator's own authority: what commands on this machine trust besides the system's. */
        authority: readFilePath,
      },
    ),
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
    ...WATCH_MEMBERS,
  },
);
export type ProductionConfig = Omit<ReturnType<typeof shape>, 'seal'> & { readonly seal: SealChoice };

/** What its members say together is judged apart (`config-conflicts.ts`). @throws ShapeError naming the member that is wrong, and what it must be */
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
