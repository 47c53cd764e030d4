// What is looked at before a production deployment serves, one row for each: a start is refused with the first failure of a row,
// `strongroom config check` shows all of them. Nothing is asked of a network here, and nothing is written.
import { conflictsIn, doubtsIn } from '../config-conflicts.ts';
import type { ProductionConfig } from '../production-config.ts';
import { ConfigError } from '../start-config.ts';
import { chainDoubts, clientDoubts } from './chain-doubts.ts';
import { checkPassphrase, readPlainFile } from './check-files.ts';
import { checkIssuers } from './check-issuers.ts';
import { checkNamedFiles } from './check-named-files.ts';
import { checkTogether, readInstancesCertificate, readResourceManagerCertificate } from './operator-certificates.ts';

export interface ConfigCheck {
  readonly name: string;
  /** @throws ConfigError that says what to set, where that is the only thing to say */
  run(config: ProductionConfig, configFile: string): Found;
}

/** What is told of a check. */
export interface Finding {
  readonly check: string;
  readonly outcome: 'ok' | 'warn' | 'fail';
  readonly says: string;
}

export interface Found {
  /** What it looked at. */
  readonly says: string;
  readonly failures?: readonly string[];
  readonly warnings?: readonly string[];
}

export const configChecks: readonly ConfigCheck[] = [
  {
    name: 'members',
    run: (config, configFile) => {
      const failures = conflictsIn(config).map((text) => `${configFile}: config.${text}`);
      return {
        says: 'names, audiences, tenant, ports and choices go together',
        failures,
        warnings: failures.length > 0 ? [] : doubtsIn(config).map((text) => `config.${text}`),
      };
    },
  },
  {
    name: 'issuers',
    run({ issuers }) {
      checkIssuers(issuers);
      return { says: `fit to guard keys: ${issuers.flatMap((issuer) => issuer.issuers).join(', ')}` };
    },
  },
  {
    name: 'files',
    run(config) {
      checkNamedFiles(config);
      readIfNamed(config.tls.authority, 'tls.authority');
      return { says: 'all that are named can be read, and be changed by nobody else' };
    },
  },
  {
    name: 'seal',
    run({ seal }) {
      if (seal.kind === 'passphrase') checkPassphrase(seal.passphraseFile, 'seal.passphraseFile');
      return {
        says: { passphrase: 'a passphrase that others cannot read', people: 'people', file: 'file' }[seal.kind],
      };
    },
  },
  {
    name: 'certificates',
    run(config) {
      const instances = readInstancesCertificate(config, []);
      const resourceManager = readResourceManagerCertificate(config);
      checkTogether(config, instances, resourceManager);
      const authority = readIfNamed(config.tls.authority, 'tls.authority');
      const clients = readIfNamed(config.tls.clientAuthorities, 'tls.clientAuthorities');
      const of = { 'tls.instances': instances, 'tls.resourceManager': resourceManager };
      return {
        says: 'in force, of an authority, with their keys and for these names',
        warnings: [
          ...Object.entries(of).flatMap(([member, { certificate }]) =>
            chainDoubts(certificate, `${member}.certificate`, authority, new Date()),
          ),
          ...clientDoubts(resourceManager.certificate, clients),
        ],
      };
    },
  },
];

function readIfNamed(path: string | undefined, member: string): string | undefined {
  return path === undefined ? undefined : readPlainFile(path, member);
}

/** @returns what is no reason to refuse @throws ConfigError */
export function refuseUnsound(config: ProductionConfig, configFile: string): readonly string[] {
  const warnings: string[] = [];
  for (const check of configChecks) {
    const found = check.run(config, configFile);
    const [first] = found.failures ?? [];
    if (first !== undefined) throw new ConfigError(first);
    warnings.push(...(found.warnings ?? []));
  }
  return warnings;
}
