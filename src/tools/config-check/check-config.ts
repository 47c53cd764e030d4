// What `strongroom config check` finds: the same rows that a start goes by, and what a start does not ask for – where names lead,
// whether the issuers' keys can be had, and whether a token would be taken. It changes nothing.
import { existsSync } from 'node:fs';
import { checkDataDirectory, checkExisting, existingInstances } from '../../deployment/checks/check-data-directory.ts';
import { checkConfigFile } from '../../deployment/checks/check-files.ts';
import { configChecks, type Finding, type Found } from '../../deployment/checks/config-checks.ts';
import { readInstancesCertificate } from '../../deployment/checks/operator-certificates.ts';
import { isPortFree } from '../../deployment/checks/take-port.ts';
import type { Places } from '../../deployment/data-layout.ts';
import { readDevConfig } from '../../deployment/dev-config.ts';
import { type ProductionConfig, readProductionShape } from '../../deployment/production-config.ts';
import { readConfigFile } from '../../deployment/read-config-file.ts';
import { readRunningState } from '../../deployment/running-state.ts';
import { ConfigError } from '../../deployment/start-config.ts';
import { uncoveredIn } from '../../deployment/uncovered-names.ts';
import type { FetchJwks } from '../../features/auth/fetch-jwks.ts';
import { issuerFindings } from './find-issuers.ts';
import { type Lookup, nameFindings } from './find-names.ts';
import { tokenFinding } from './find-token.ts';

export interface ConfigQuestion {
  readonly configFile: string;
  /** The data directory that it is for; absent: none is looked at. */
  readonly at?: Places;
  /** Looks up a host name; absent: no network is asked. */
  readonly lookup?: Lookup;
  readonly fetchJwks: FetchJwks;
  /** One that the issuer gave, to be judged as it would be. */
  readonly token?: string;
}

export async function* findingsOn(question: ConfigQuestion): AsyncGenerator<Finding> {
  const { configFile, at, lookup, fetchJwks, token } = question;
  let config: ProductionConfig | undefined;
  yield* judged('file', () => {
    checkConfigFile(configFile, configFile);
    config = readProduction(configFile);
    return { says: `${configFile} can be read, and be changed by nobody else` };
  });
  if (config === undefined) return; // the rest is about what is in it
  for (const { name, run } of configChecks) yield* judged(name, () => run(config as ProductionConfig, configFile));
  yield* await alertFindings(config);
  if (at !== undefined) yield* judged('data', () => dataFound(at, config as ProductionConfig));
  yield* await listenFindings(config, at);
  if (lookup !== undefined) yield* nameFindings(config, at === undefined ? [] : existingInstances(at), lookup);
  yield* issuerFindings(config, fetchJwks, lookup !== undefined);
  if (token !== undefined) yield await tokenFinding(config, token, fetchJwks);
}

/** Of one of the dev profile, the first member that it lacks would not say what it is. @throws ConfigError */
function readProduction(configFile: string): ProductionConfig {
  try {
    return readConfigFile(configFile, readProductionShape);
  } catch (cause) {
    try {
      readConfigFile(configFile, readDevConfig);
    } catch {
      throw cause; // it is neither
    }
    throw new ConfigError(
      `${configFile} is one of the dev profile, whose members are in order: a start with --config checks what they name. ` +
        'Only configurations of the production profile are checked here (docs/guide/production.md)',
      { cause },
    );
  }
}

/** All that one row says, the reasons against it first. */
function* judged(check: string, run: () => Found): Generator<Finding> {
  let found: Found;
  try {
    found = run();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    yield { check, outcome: 'fail', says: error.message };
    return;
  }
  const { says, failures = [], warnings = [] } = found;
  for (const text of failures) yield { check, outcome: 'fail', says: text };
  for (const text of warnings) yield { check, outcome: 'warn', says: text };
  if (failures.length + warnings.length === 0) yield { check, outcome: 'ok', says };
}

async function alertFindings({ alerts }: ProductionConfig): Promise<readonly Finding[]> {
  if (alerts === undefined) return [];
  const { checkAlerts } = await import('../../deployment/checks/check-alerts.ts');
  const says = (): string => `${checkAlerts(alerts, 'production')} rules, told to ${alerts.outlets.length} outlets`;
  return [...judged('alerts', () => ({ says: says() }))];
}

function dataFound(at: Places, config: ProductionConfig): Found {
  if (!existsSync(at.root)) return { says: `${at.root} is made by the first start` };
  checkDataDirectory(at, config);
  const { certificate } = readInstancesCertificate(config, []);
  checkExisting(at, config, (names) => uncoveredIn(certificate, names));
  return { says: `${at.root} is of this deployment: ${existingInstances(at).join(', ') || 'no instance yet'}` };
}

async function listenFindings({ listen }: ProductionConfig, at: Places | undefined): Promise<readonly Finding[]> {
  const place = `${listen.address} port ${listen.port}`;
  try {
    const isOurs = at !== undefined && readRunningState(at.root)?.port === listen.port;
    if (await isPortFree(listen)) return [{ check: 'listen', outcome: 'ok', says: `${place} can be had` }];
    if (isOurs) return [{ check: 'listen', outcome: 'ok', says: `${place} is served` }];
    const says = `${place} is in use, by this service or by another program: a second one would be refused`;
    return [{ check: 'listen', outcome: 'warn', says }];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [{ check: 'listen', outcome: 'fail', says: error.message }];
  }
}
